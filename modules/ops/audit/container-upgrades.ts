import { KeyError, type KeyStore } from '@zdravo/kit/keys';
import { hashLeaf } from '@zdravo/tlog';
import { type Kysely, sql } from 'kysely';
import { openUpgradeSeed, type UpgradeBody } from '../container-upgrades.ts';
import type { Tables } from '../tables.ts';
import { commitment } from '../versions.ts';
import type { ContainerSource } from './containers.ts';
import type { FindingCode, FindingList } from './findings.ts';

type StoredUpgrade = {
  declaration_id: string;
  person_id: string | null;
  body: Buffer | null;
  sealed_seed: Buffer | null;
  leaf_hash: Buffer | null;
  signed_content_sha256: string | null;
  is_erased: boolean;
  entry: Buffer | null;
  leaf_index: number | null;
};

const chunk_size = 1000;

/**
 * Every upgraded container has its leaf and every such leaf its row, unaltered, about the declaration's own container; and
 * what lies in storage is what was logged. @returns how many there are.
 */
export async function auditContainerUpgrades(
  { db, keys, containers, since }: { db: Kysely<Tables>; since: string; keys?: KeyStore; containers?: ContainerSource },
  list: FindingList,
): Promise<number> {
  let count = 0;
  for (let after = '00000000-0000-0000-0000-000000000000'; ; ) {
    const rows = await readUpgrades(db, after);
    const person_keys = keys && (await keys.findMany([...new Set(rows.flatMap((row) => row.person_id ?? []))]));
    for (const row of rows) {
      const difference = findDifference(row, person_keys) ?? (await findStorageDifference(row, containers));
      if (difference) report(row, difference, since, list);
    }
    count += rows.length;
    if (rows.length < chunk_size) return count;
    after = rows.at(-1)!.declaration_id;
  }
}

async function readUpgrades(db: Kysely<Tables>, after: string): Promise<StoredUpgrade[]> {
  const { rows } = await sql<StoredUpgrade>`
    select coalesce(upgrade.declaration_id, leaf.record_id) as declaration_id, upgrade.person_id, upgrade.body, upgrade.sealed_seed,
      upgrade.leaf_hash, head.signed_content_sha256, leaf.entry, leaf.leaf_index,
      exists (select from ops.log_entries erasure where erasure.kind = 'erasure' and erasure.record_id = upgrade.person_id) as is_erased
    from ops.container_upgrades upgrade
    full join (
      select record_id, entry, leaf_index from ops.log_entries where kind = 'container'
      union all select record_id, entry, null from ops.pending_leaves where kind = 'container'
    ) leaf on leaf.record_id = upgrade.declaration_id
    left join ops.declaration_heads head on head.id = upgrade.declaration_id
    where coalesce(upgrade.declaration_id, leaf.record_id) > ${after}
    order by 1 limit ${chunk_size}`.execute(db);
  return rows;
}

type Difference = { code: FindingCode; detail: string };

function findDifference(row: StoredUpgrade, person_keys: Map<string, Uint8Array> | undefined): Difference | undefined {
  const { body, sealed_seed, leaf_hash, entry } = row;
  if (!body || !sealed_seed || !leaf_hash) return { code: 'record_missing', detail: 'Its row is gone.' };
  if (!entry) return { code: 'record_unlogged', detail: 'No leaf stands for it.' };
  if (!Buffer.from(hashLeaf(entry)).equals(leaf_hash)) return altered('Its leaf hash is another one.');
  const said = JSON.parse(body.toString()) as UpgradeBody;
  if (said.declaration_id !== row.declaration_id) return altered('It is about another declaration.');
  if (said.signed_content_sha256 !== row.signed_content_sha256)
    return altered('It is about another container than the declaration’s.');
  return person_keys && findAltered({ ...row, body, sealed_seed, entry }, person_keys);
}

function findAltered(
  row: StoredUpgrade & { body: Buffer; sealed_seed: Buffer; entry: Buffer },
  person_keys: Map<string, Uint8Array>,
): Difference | undefined {
  const person_key = person_keys.get(row.person_id!);
  if (!person_key)
    return row.is_erased ? undefined : { code: 'key_lost', detail: 'Nobody can tell whether it is whole.' };
  const { c } = JSON.parse(row.entry.toString()) as { c: string };
  try {
    if (commitment(openUpgradeSeed(row, person_key), row.body).toString('base64') === c) return undefined;
    return altered('What is stored does not open the commitment.');
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    return altered('Its seed does not open under the key of the person whom it names.');
  }
}

async function findStorageDifference(
  { declaration_id, body, is_erased }: StoredUpgrade,
  source: ContainerSource | undefined,
): Promise<Difference | undefined> {
  if (!source?.readUpgraded) return undefined;
  const found = await source.readUpgraded(declaration_id);
  if (found.state === 'unreadable')
    return is_erased ? undefined : { code: 'container_differs', detail: 'The upgraded one does not open any more.' };
  if (found.state === 'damaged') return { code: 'container_damaged', detail: 'The upgraded one.' };
  if (found.state === 'unavailable') return { code: 'container_unread', detail: 'The upgraded one.' };
  if (found.state === 'missing') return { code: 'container_missing', detail: 'The upgraded one.' };
  const { sha256 } = JSON.parse(body!.toString()) as UpgradeBody;
  if (found.sha256 === sha256) return undefined;
  return { code: 'container_differs', detail: `The upgraded one: logged ${sha256}, stored ${found.sha256}.` };
}

function report(row: StoredUpgrade, { code, detail }: Difference, since: string, list: FindingList): void {
  const { declaration_id, leaf_index } = row;
  list.add({
    code,
    record: { kind: 'container', id: declaration_id },
    ...(leaf_index === null ? {} : { leaf_index }),
    detail: `Upgraded container of declaration ${declaration_id}. ${detail} ${since}`,
  });
}

function altered(detail: string): Difference {
  return { code: 'record_altered', detail };
}
