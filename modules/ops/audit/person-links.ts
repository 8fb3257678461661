import { hashLeaf } from '@zdravo/tlog';
import { type Kysely, sql } from 'kysely';
import { unlogged_aliases } from '../person-links.ts';
import type { Tables } from '../tables.ts';
import { commitment } from '../versions.ts';
import type { FindingList } from './findings.ts';

type StoredLink = {
  person_id: string;
  version: number;
  op: string | null;
  parent_id: string | null;
  body: Buffer | null;
  seed: Buffer | null;
  leaf_hash: Buffer | null;
  entry: Buffer | null;
};

const chunk_size = 1000;

/**
 * Every merge and every end of one has its leaf, unaltered, and whom a merged person leads to is what the links say: who
 * moves somebody's records to another person without a merge is found out. @returns how many links there are.
 */
export async function auditPersonLinks(db: Kysely<Tables>, since: string, list: FindingList): Promise<number> {
  let count = 0;
  for (let [after, version] = ['00000000-0000-0000-0000-000000000000', 0]; ; ) {
    const rows = await readLinks(db, after, version);
    for (const row of rows) auditLink(row, since, list);
    count += rows.length;
    if (rows.length < chunk_size) break;
    [after, version] = [rows.at(-1)!.person_id, rows.at(-1)!.version];
  }
  await auditAliases(db, since, list);
  return count;
}

async function readLinks(db: Kysely<Tables>, after: string, version: number): Promise<StoredLink[]> {
  const { rows } = await sql<StoredLink>`
    select coalesce(link.person_id, leaf.record_id) as person_id, coalesce(link.version, leaf.version) as version,
      link.op, link.parent_id, link.body, link.seed, link.leaf_hash, leaf.entry
    from ops.person_links link
    full join (
      select record_id, version, entry from ops.log_entries where kind = 'person_link'
      union all select record_id, version, entry from ops.pending_leaves where kind = 'person_link'
    ) leaf on leaf.record_id = link.person_id and leaf.version = link.version
    where (coalesce(link.person_id, leaf.record_id), coalesce(link.version, leaf.version)) > (${after}::uuid, ${version})
    order by 1, 2 limit ${chunk_size}`.execute(db);
  return rows;
}

function auditLink(row: StoredLink, since: string, list: FindingList): void {
  const difference = findDifference(row);
  if (!difference) return;
  const { person_id, version } = row;
  list.add({
    code: difference.code,
    record: { kind: 'person_link', id: person_id, version },
    detail: `Link ${version} of person ${person_id}. ${difference.detail} ${since}`,
  });
}

type Difference = { code: 'record_missing' | 'record_unlogged' | 'record_altered'; detail: string };

function findDifference(row: StoredLink): Difference | undefined {
  const { body, seed, leaf_hash, entry } = row;
  if (!body || !seed || !leaf_hash) return { code: 'record_missing', detail: 'It is gone.' };
  if (!entry) return { code: 'record_unlogged', detail: 'No leaf stands for it.' };
  const altered = (detail: string) => ({ code: 'record_altered', detail }) as const;
  if (!Buffer.from(hashLeaf(entry)).equals(leaf_hash)) return altered('Its leaf hash is another one.');
  const { c } = JSON.parse(entry.toString()) as { c: string };
  if (commitment(seed, body).toString('base64') !== c) return altered('What is stored does not open the commitment.');
  const said = JSON.parse(body.toString()) as Pick<StoredLink, 'person_id' | 'version' | 'op' | 'parent_id'>;
  const names = ['person_id', 'version', 'op', 'parent_id'] as const;
  const differing = names.filter((name) => said[name] !== row[name]);
  return differing.length === 0 ? undefined : altered(`It differs in ${differing.join(', ')}.`);
}

async function auditAliases(db: Kysely<Tables>, since: string, list: FindingList): Promise<void> {
  const { rows: unlogged } = await sql<{ person_id: string }>`${unlogged_aliases} limit ${chunk_size}`.execute(db);
  const { rows: missing } = await sql<{ person_id: string }>`
    select last.person_id from (
      select distinct on (person_id) person_id, op from ops.person_links order by person_id, version desc
    ) last
    where last.op = 'merge' and not exists (select from ops.person_aliases alias where alias.person_id = last.person_id)
    limit ${chunk_size}`.execute(db);
  const add = (code: 'record_unlogged' | 'record_missing', person_id: string, detail: string) =>
    list.add({
      code,
      record: { kind: 'person_link', id: person_id },
      detail: `Person ${person_id}. ${detail} ${since}`,
    });
  for (const { person_id } of unlogged) add('record_unlogged', person_id, 'They lead to somebody whom no merge names.');
  for (const { person_id } of missing) add('record_missing', person_id, 'They were merged and lead to nobody.');
}
