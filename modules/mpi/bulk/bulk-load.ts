import { copyRows, inLongTransaction, openDatabase } from '@zdravo/kit/db';
import type { KeyProvider } from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import type { Pool, PoolClient } from 'pg';
import { type IdentityRules, identityRules } from '../identity-rules.ts';
import { generations_lock, type LiveGenerations, openGenerations } from '../indexes/generations.ts';
import { batches_lock } from '../integrity/batch-versions.ts';
import { sketch_epoch_scope } from '../linkage/key-scopes.ts';
import { most_counted, phone_index } from '../persons/phone-fanout.ts';
import type { Tables } from '../tables.ts';
import { createEpochs } from '../vault/epochs.ts';
import { addPerson, type BulkPerson, copy_targets, createRows } from './person-rows.ts';

export type BulkLoadOptions = {
  database_url: string;
  keys_database_url: string;
  key_provider: KeyProvider;
  linkage_key_provider?: KeyProvider;
  linker_key_provider?: KeyProvider;
  normalise: (name: string) => string;
  identity_rules?: Partial<IdentityRules>;
  log: Logger;
  /** Persons sent at a time. */
  batch_size?: number;
  /** Called after every batch with the persons sent so far. */
  onProgress?: (persons: number) => void;
};

/**
 * Loads many new persons through COPY, sealed and indexed as `putPerson` does it, in one transaction: all or none. Ids
 * must be new. Nobody is recognised: persons whose identity keys somebody has already are loaded beside them. There are
 * no events, and the linker is not called: a relink compares them. One audit row tells of the whole load. No batch of versions
 * is taken meanwhile: the rows are of the load's begin, and one that nobody could see then must not look back-dated.
 * @throws the database's error for an id or pseudonym that exists; KeyError.
 */
export async function bulkLoadPersons(
  options: BulkLoadOptions,
  persons: Iterable<BulkPerson> | AsyncIterable<BulkPerson>,
): Promise<{ persons: number }> {
  const { log } = options;
  const application_name = 'mpi-bulk-load';
  const main = openDatabase<Tables>({
    url: options.database_url,
    role: 'zdravo_mpi',
    application_name,
    log,
    pool_size: 2,
  });
  const keys = openDatabase({
    url: options.keys_database_url,
    role: 'zdravo_keys',
    application_name,
    log,
    pool_size: 1,
  });
  try {
    const generations = await openGenerations(main.db, options.key_provider, identityRules(options));
    return await inLongTransaction(main.pool, async (client) => {
      await client.query(prepare);
      const live = await generations.refresh();
      const count = await sendAll(client, keys.pool, { options, generations: live }, persons);
      await finish(client, live, count);
      return { persons: count };
    });
  } finally {
    await Promise.all([main.close(), keys.close()]);
  }
}

/** Identity keys and facts go through tables of the session: some keys are taken already, telephones are counted last. */
const prepare = `
  select pg_advisory_xact_lock_shared(${generations_lock}), pg_advisory_xact_lock_shared(${batches_lock});
  create temp table loaded_identity_keys (token bigint, key_id text, person_id uuid) on commit drop;
  create temp table loaded_facts (pseudonym uuid, person_id uuid, birth_month date, gender text, deceased_on date) on commit drop;`;

type Load = { options: BulkLoadOptions; generations: LiveGenerations };

/** Seals the next batch while the server takes the last one in. */
async function sendAll(
  client: PoolClient,
  keys_pool: Pool,
  { options, generations }: Load,
  persons: Iterable<BulkPerson> | AsyncIterable<BulkPerson>,
): Promise<number> {
  const { batch_size = 1000, key_provider: provider, onProgress } = options;
  const linkage_provider = options.linkage_key_provider ?? provider;
  const sealing_provider = options.linker_key_provider ?? provider;
  const sketch_epoch = await createEpochs({ pool: keys_pool, provider: sealing_provider, scope: sketch_epoch_scope })();
  const rows = createRows();
  let count = 0;
  let sending: Promise<void> = Promise.resolve();
  const flush = async () => {
    await sending;
    const batch = Object.entries(rows).map(([name, table]) => [name, table.take()] as const);
    sending = send(client, keys_pool, Object.fromEntries(batch) as Record<keyof typeof copy_targets, Buffer>);
    // The failure is seen at the next flush; until then it must not count as unhandled.
    sending.catch(() => {});
    onProgress?.(count);
  };
  for await (const person of persons) {
    await addPerson(rows, person, { provider, linkage_provider, sketch_epoch, generations });
    count += 1;
    if (count % batch_size === 0) await flush();
  }
  await flush();
  await sending;
  return count;
}

/** Keys first: a key without a person harms nobody, a person without a key is lost. */
async function send(
  client: PoolClient,
  keys_pool: Pool,
  batch: Record<keyof typeof copy_targets, Buffer>,
): Promise<void> {
  await inLongTransaction(keys_pool, (keys_client) => sendKeys(keys_client, batch.keys));
  for (const table of ['persons', 'versions', 'indexes', 'identity', 'facts', 'sketches', 'blocks'] as const)
    await copyRows(client, copy_targets[table], batch[table]);
}

/** Through a table of the session: COPY goes into no table whose rows are not everybody's to see. */
async function sendKeys(client: PoolClient, keys: Buffer): Promise<void> {
  await client.query(
    'create temp table if not exists loaded_keys (purpose text, owner_id uuid, key_id text, bytes bytea) on commit delete rows',
  );
  await copyRows(client, copy_targets.keys, keys);
  await client.query(
    'insert into wrapped_keys (purpose, owner_id, key_id, bytes) select purpose, owner_id, key_id, bytes from loaded_keys',
  );
}

async function finish(client: PoolClient, { serving }: LiveGenerations, count: number): Promise<void> {
  await client.query(`
    insert into mpi.identity_keys (token, key_id, person_id)
    select distinct on (token, key_id) token, key_id, person_id from loaded_identity_keys order by token, key_id, person_id
    on conflict on constraint identity_keys_one_owner do nothing`);
  await client.query(phoneCounts(client.escapeLiteral(serving.key_id)));
  await client.query(`
    insert into mpi.person_facts (pseudonym, birth_month, gender, deceased_on, phone_fanout)
    select fact.pseudonym, fact.birth_month, fact.gender, fact.deceased_on, coalesce(counted.persons, 0)
    from loaded_facts fact left join phone_counts counted on counted.person_id = fact.person_id`);
  await client.query(`
    update mpi.person_facts fact set phone_fanout = counted.persons
    from phone_counts counted join mpi.persons head on head.id = counted.person_id
    where fact.pseudonym = head.pseudonym and fact.phone_fanout <> counted.persons`);
  await client.query(
    `insert into mpi.audit_log (request_id, action, resource, detail)
     values ('bulk-load', 'person.bulk_load', 'person', jsonb_build_object('persons', $1::bigint))`,
    [count],
  );
}

/** `phone_fanout` of everybody who shares a telephone with somebody of this load; for the others nothing changes. */
function phoneCounts(key_id: string): string {
  const isPhone = (rows: string) => `${rows}.index_id = ${phone_index} and ${rows}.key_id = ${key_id}`;
  return `
    analyze loaded_facts;
    create temp table reached on commit drop as
    select distinct coalesce(head.parent_id, head.id) as person_id
    from (
      select distinct own.token
      from loaded_facts fact join mpi.blind_indexes own on own.person_id = fact.person_id and ${isPhone('own')}
    ) phone
    join mpi.blind_indexes shared on shared.token = phone.token and ${isPhone('shared')}
    join mpi.persons head on head.id = shared.person_id;
    analyze reached;
    create temp table reached_phones on commit drop as
    select distinct member.person_id, own.token
    from (
      select person_id, person_id as id from reached
      union all select person_id, merged.id from reached join mpi.persons merged on merged.parent_id = person_id
    ) member join mpi.blind_indexes own on own.person_id = member.id and ${isPhone('own')};
    analyze reached_phones;
    create temp table phone_counts on commit drop as
    select reached_phones.person_id, max(sharing.persons) as persons
    from reached_phones join (
      select row.token, least(count(distinct coalesce(owner.parent_id, owner.id)), ${most_counted})::int as persons
      from (select distinct token from reached_phones) phone
      join mpi.blind_indexes row on row.token = phone.token and ${isPhone('row')}
      join mpi.persons owner on owner.id = row.person_id
      group by row.token
    ) sharing using (token)
    group by 1`;
}
