import { sql } from 'kysely';
import type { Token } from '../indexes/tokens.ts';
import { sketchRows } from '../linkage/write-sketch.ts';
import { canonicalPerson, sealPerson } from '../vault/seal.ts';
import { factsOf } from './facts.ts';
import type { LivingHead } from './heads.ts';
import { phone_index } from './phone-fanout.ts';
import type { NewVersion, WriteContext } from './write-version.ts';

export type Storing = {
  head: Pick<LivingHead, 'id' | 'pseudonym'>;
  version: number;
  written: NewVersion;
  created: boolean;
  /** The figure when it is known beforehand; it is counted afterwards otherwise. */
  phone_fanout: number | undefined;
};

/**
 * Writes the head, the sealed version, the facts, the index rows of every generation, the identity keys that nobody
 * else has, the sketch that is compared, the event and the audit row: one statement, because on a busy server the round trips are what a write costs.
 * @returns the telephones, as tokens of the serving generation, that came or went.
 */
export async function storeVersion(context: WriteContext, storing: Storing): Promise<Token[]> {
  const { deps, transaction, generations } = context;
  const { id } = storing.head;
  const [key, sketch_key] = await Promise.all([deps.keys.getOrCreate(id), deps.sketch_keys.getOrCreate(id)]);
  const sketching = { generations, person_id: id, person: storing.written.person, key: sketch_key };
  const { rows } = await sql<{ token: Token }>`
    with head as (${headRow(storing)}), version as (${versionRow(context, storing, key)}), facts as (${factsRow(storing)}),
      audit as (${auditRow(storing)}), event as (${eventRow(storing)}), claims as (${identityRows(context, storing)}),
      ${sketchRows(sketching)},
      row (token, index_id, key_id) as (${indexRows(context, storing)}),
      gone as (
        delete from mpi.blind_indexes where person_id = ${id}::uuid and token <> all(select token from row)
        returning token, index_id, key_id
      ),
      come as (
        insert into mpi.blind_indexes (token, index_id, key_id, person_id)
        select token, index_id, key_id, ${id}::uuid from row on conflict do nothing returning token, index_id, key_id
      )
    select changed.token::text from (select * from gone union all select * from come) changed
    where changed.index_id = ${phone_index} and changed.key_id = ${generations.serving.key_id}`.execute(transaction);
  return rows.map((row) => row.token);
}

function headRow({ head, version, created }: Storing) {
  return created
    ? sql`insert into mpi.persons (id, status, version, pseudonym) values (${head.id}, 'active', ${version}, ${head.pseudonym})`
    : sql`update mpi.persons set version = ${version}, updated_at = now() where id = ${head.id}`;
}

function versionRow({ generations }: WriteContext, { head, version, written }: Storing, key: Uint8Array) {
  const canonical = canonicalPerson(written.person);
  const sealed = sealPerson(key, { person_id: head.id, version }, canonical);
  const { source, written_as } = written;
  return sql`
    insert into mpi.person_versions
      (person_id, version, ciphertext, source_type, source_id, schema_version, data_key, content_mac, written_as)
    values (${head.id}, ${version}, ${sealed.ciphertext}, ${source.type}, ${source.id}, ${sealed.schema_version},
      ${sealed.data_key}, ${generations.serving.contentMac(head.id, canonical)}, ${written_as})`;
}

function factsRow({ head, written, phone_fanout }: Storing) {
  const { birth_month, gender, deceased_on } = factsOf(written.person);
  return sql`
    insert into mpi.person_facts (pseudonym, birth_month, gender, deceased_on, phone_fanout)
    values (${head.pseudonym}, ${birth_month}, ${gender}, ${deceased_on}, ${phone_fanout ?? 0})
    on conflict (pseudonym) do update
      set birth_month = excluded.birth_month, gender = excluded.gender, deceased_on = excluded.deceased_on
      where (person_facts.birth_month, person_facts.gender, person_facts.deceased_on)
        is distinct from (excluded.birth_month, excluded.gender, excluded.deceased_on)`;
}

function auditRow({ head, version, written: { source, asker }, created }: Storing) {
  const detail = { version, source, ...(asker.purpose === null ? {} : { purpose: asker.purpose }) };
  return sql`
    insert into mpi.audit_log (request_id, actor_id, client_id, action, resource, resource_id, detail)
    values (${asker.request_id}, ${asker.actor_id}, ${asker.client_id}, ${created ? 'person.created' : 'person.updated'},
      'person', ${head.id}, ${JSON.stringify(detail)}::jsonb)`;
}

function eventRow({ head, version, created }: Storing) {
  const payload = JSON.stringify({ pseudonym: head.pseudonym, version });
  return sql`
    insert into mpi.outbox (type, object_type, object_id, payload)
    values (${created ? 'person.created' : 'person.updated'}, 'person', ${head.id}, ${payload}::jsonb)`;
}

function identityRows({ generations }: WriteContext, { head, written }: Storing) {
  const keys = generations.written.flatMap((maker) =>
    maker.identityTokens(written.person).map(({ token }) => ({ token, key_id: maker.key_id })),
  );
  return sql`
    insert into mpi.identity_keys (token, key_id, person_id)
    select token, key_id, ${head.id}::uuid
    from unnest(${keys.map((key) => key.token)}::bigint[], ${keys.map((key) => key.key_id)}::text[]) as key (token, key_id)
    order by token on conflict on constraint identity_keys_one_owner do nothing`;
}

function indexRows({ generations }: WriteContext, { written }: Storing) {
  const rows = generations.written.flatMap((maker) =>
    maker.indexTokens(written.person).map((row) => ({ ...row, key_id: maker.key_id })),
  );
  return sql`
    select * from unnest(${rows.map((row) => row.token)}::bigint[], ${rows.map((row) => row.index_id)}::smallint[],
      ${rows.map((row) => row.key_id)}::text[])`;
}
