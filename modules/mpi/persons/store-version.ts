import { type RawBuilder, sql } from 'kysely';
import type { Token } from '../indexes/tokens.ts';
import { sketchRows } from '../linkage/write-sketch.ts';
import { canonicalPerson, sealPerson } from '../vault/seal.ts';
import { factsOf } from './facts.ts';
import { phone_index } from './phone-fanout.ts';
import type { WriteContext, Writing } from './write-version.ts';

/**
 * Writes heads, sealed versions, facts, the index rows of every generation, the identity keys that nobody
 * else has, the sketches that are compared, events and audit rows: one statement for all, because on a busy server the
 * round trips are what a write costs.
 * @returns the telephones, as tokens of the serving generation, that came or went.
 */
export async function storeVersions(context: WriteContext, writings: readonly Writing[]): Promise<ChangedPhone[]> {
  const { rows } = await (await storingOf(context, writings)).execute(context.transaction);
  return rows;
}

type ChangedPhone = { person_id: string; token: Token };
type Storing = Pick<WriteContext, 'deps' | 'generations'>;

/** The statement itself. */
export async function storingOf(context: Storing, writings: readonly Writing[]): Promise<RawBuilder<ChangedPhone>> {
  const { deps, generations } = context;
  const ids = writings.map(({ head }) => head.id);
  const [keys, sketch_keys, epoch] = await Promise.all([
    Promise.all(ids.map((id) => deps.keys.getOrCreate(id))),
    Promise.all(ids.map((id) => deps.sketch_keys.getOrCreate(id))),
    deps.sketch_epoch(),
  ]);
  const sketchings = writings.map(({ head, written, created }, at) => {
    return { person_id: head.id, person: written.person, sealing: { key: sketch_keys[at]!, epoch }, is_new: created };
  });
  return sql<ChangedPhone>`
    with ${versionRows(context, writings, keys)}, ${recordRows(writings)}, ${identityRows(context, writings)},
      ${indexRows(context, writings)}, ${sketchRows(generations, sketchings)}
    select changed.person_id, changed.token::text
    from (select person_id, token, index_id, key_id from gone union all select person_id, token, index_id, key_id from come) changed
    where changed.index_id = ${phone_index} and changed.key_id = ${generations.serving.key_id}`;
}

function versionRows({ generations }: Storing, writings: readonly Writing[], keys: readonly Uint8Array[]) {
  const rows = writings.map(({ head: { id, version }, written }, at) => {
    const canonical = canonicalPerson(written.person);
    const sealed = sealPerson(keys[at]!, { person_id: id, version: version + 1 }, canonical);
    const { source, written_as } = written;
    return { id, ...sealed, source, written_as, content_mac: generations.serving.contentMac(id, canonical) };
  });
  const { schema_version, data_key } = rows[0]!;
  return sql`
    head (id, pseudonym, version, created) as (
      select id, pseudonym, version, created
      from unnest(${writings.map(({ head }) => head.id)}::uuid[], ${writings.map(({ head }) => head.pseudonym)}::uuid[],
        ${writings.map(({ head }) => head.version + 1)}::int[], ${writings.map(({ created }) => created)}::bool[])
        as head (id, pseudonym, version, created)
    ),
    heads_come as (
      insert into mpi.persons (id, status, version, pseudonym) select id, 'active', version, pseudonym from head where created
    ),
    heads_moved as (
      update mpi.persons known set version = head.version, updated_at = now()
      from head where known.id = head.id and not head.created
    ),
    versions as (
      insert into mpi.person_versions
        (person_id, version, ciphertext, source_type, source_id, content_mac, written_as, schema_version, data_key)
      select row.id, head.version, row.ciphertext, row.source_type, row.source_id, row.content_mac, row.written_as,
        ${schema_version}, ${data_key}
      from unnest(${rows.map((row) => row.id)}::uuid[], ${rows.map((row) => row.ciphertext)}::bytea[],
        ${rows.map((row) => row.source.type)}::text[], ${rows.map((row) => row.source.id)}::uuid[],
        ${rows.map((row) => row.content_mac)}::bytea[], ${rows.map((row) => row.written_as)}::uuid[])
        as row (id, ciphertext, source_type, source_id, content_mac, written_as)
      join head on head.id = row.id
    )`;
}

/** What others may know: facts for reports, events for those who follow persons, the audit. */
function recordRows(writings: readonly Writing[]) {
  const facts = writings.map(({ written }) => factsOf(written.person));
  const records = writings.map(({ head, written: { source, asker } }) => {
    const version = head.version + 1;
    const detail = { version, source, ...(asker.purpose === null ? {} : { purpose: asker.purpose }) };
    return { ...asker, detail: JSON.stringify(detail) };
  });
  return sql`
    facts as (
      insert into mpi.person_facts (pseudonym, birth_month, gender, deceased_on, phone_fanout)
      select pseudonym, birth_month, gender, deceased_on, phone_fanout
      from unnest(${writings.map(({ head }) => head.pseudonym)}::uuid[], ${facts.map((fact) => fact.birth_month)}::date[],
        ${facts.map((fact) => fact.gender)}::text[], ${facts.map((fact) => fact.deceased_on)}::date[],
        ${writings.map(({ phone_fanout }) => phone_fanout ?? 0)}::int[])
        as fact (pseudonym, birth_month, gender, deceased_on, phone_fanout)
      on conflict (pseudonym) do update
        set birth_month = excluded.birth_month, gender = excluded.gender, deceased_on = excluded.deceased_on
        where (person_facts.birth_month, person_facts.gender, person_facts.deceased_on)
          is distinct from (excluded.birth_month, excluded.gender, excluded.deceased_on)
    ),
    events as (
      insert into mpi.outbox (type, object_type, object_id, payload)
      select case when created then 'person.created' else 'person.updated' end, 'person', id,
        jsonb_build_object('pseudonym', pseudonym, 'version', version)
      from head
    ),
    audit as (
      insert into mpi.audit_log (request_id, actor_id, client_id, action, resource, resource_id, detail)
      select record.request_id, record.actor_id, record.client_id,
        case when head.created then 'person.created' else 'person.updated' end, 'person', head.id, record.detail
      from unnest(${writings.map(({ head }) => head.id)}::uuid[], ${records.map((record) => record.request_id)}::text[],
        ${records.map((record) => record.actor_id)}::uuid[], ${records.map((record) => record.client_id)}::uuid[],
        ${records.map((record) => record.detail)}::jsonb[]) as record (id, request_id, actor_id, client_id, detail)
      join head on head.id = record.id
    )`;
}

function identityRows({ generations }: Storing, writings: readonly Writing[]) {
  const rows = writings.flatMap(({ head, written }) =>
    generations.written.flatMap((maker) =>
      maker.identityTokens(written.person).map(({ token }) => ({ token, key_id: maker.key_id, person_id: head.id })),
    ),
  );
  return sql`
    claims as (
      insert into mpi.identity_keys (token, key_id, person_id)
      select token, key_id, person_id
      from unnest(${rows.map((row) => row.token)}::bigint[], ${rows.map((row) => row.key_id)}::text[],
        ${rows.map((row) => row.person_id)}::uuid[]) as key (token, key_id, person_id)
      order by token on conflict on constraint identity_keys_one_owner do nothing
    )`;
}

function indexRows({ generations }: Storing, writings: readonly Writing[]) {
  const rows = writings.flatMap(({ head, written }) =>
    generations.written.flatMap((maker) =>
      maker
        .indexTokens(written.person)
        .map(({ token, index_id }) => ({ token, index_id, key_id: maker.key_id, person_id: head.id })),
    ),
  );
  return sql`
    row (token, index_id, key_id, person_id) as (
      select token, index_id, key_id, person_id
      from unnest(${rows.map((row) => row.token)}::bigint[], ${rows.map((row) => row.index_id)}::smallint[],
        ${rows.map((row) => row.key_id)}::text[], ${rows.map((row) => row.person_id)}::uuid[])
        as row (token, index_id, key_id, person_id)
    ),
    gone as (
      delete from mpi.blind_indexes known using head
      where known.person_id = head.id and not head.created
        and not exists (select from row where row.person_id = known.person_id and row.token = known.token)
      returning known.person_id, known.token, known.index_id, known.key_id
    ),
    come as (
      insert into mpi.blind_indexes (token, index_id, key_id, person_id)
      select token, index_id, key_id, person_id from row on conflict do nothing
      returning person_id, token, index_id, key_id
    )`;
}
