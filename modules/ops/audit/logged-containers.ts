import { KeyError, type KeyStore } from '@zdravo/kit/keys';
import { hashLeaf } from '@zdravo/tlog';
import { type Kysely, sql } from 'kysely';
import { openUpgradeSeed, type UpgradeBody } from '../container-upgrades.ts';
import { type DocumentBody, openDocumentSeed } from '../signed-documents.ts';
import type { Tables } from '../tables.ts';
import { commitment } from '../versions.ts';
import type { ContainerSource } from './containers.ts';
import type { FindingCode, FindingList } from './findings.ts';
import type { Scope } from './set-checks.ts';

/** A container with a leaf of its own: a declaration's upgrade (`container`), or a signed document of another kind (`document`). */
type LoggedContainer = {
  kind: 'container' | 'document';
  id: string;
  version: number;
  /** What is signed; null for a declaration's. */
  type: string | null;
  /** Whose key seals the seed. */
  key_owner_id: string | null;
  body: Buffer | null;
  sealed_seed: Buffer | null;
  leaf_hash: Buffer | null;
  /** Of the container as received, by the declaration's present state or the document's first version. */
  received_sha256: string | null;
  first_body: Buffer | null;
  is_erased: boolean;
  entry: Buffer | null;
  leaf_index: number | null;
};

const chunk_size = 1000;
const nil = '00000000-0000-0000-0000-000000000000';

/**
 * Every container with a leaf of its own has it, and every such leaf its row, unaltered and about the right container; and what
 * lies in storage is what was logged. An incremental run reads the storage for new leaves only. @returns how many there are.
 */
export async function auditLoggedContainers(
  { db, keys, containers, scope }: { db: Kysely<Tables>; scope: Scope; keys?: KeyStore; containers?: ContainerSource },
  list: FindingList,
): Promise<number> {
  let count = 0;
  let after: [id: string, version: number] = [nil, 0];
  for (;;) {
    const rows = await readLogged(db, after);
    const opened = keys && (await keys.findMany([...new Set(rows.flatMap((row) => row.key_owner_id ?? []))]));
    for (const row of rows) {
      const source = scope.full || (row.leaf_index ?? scope.from_leaf) >= scope.from_leaf ? containers : undefined;
      const difference = findDifference(row, opened) ?? (await findStorageDifference(row, source));
      if (difference) report(row, difference, scope.since, list);
    }
    count += rows.length;
    if (rows.length < chunk_size) return count;
    after = [rows.at(-1)!.id, rows.at(-1)!.version];
  }
}

async function readLogged(db: Kysely<Tables>, [id, version]: [string, number]): Promise<LoggedContainer[]> {
  const { rows } = await sql<LoggedContainer>`
    select coalesce(stored.kind, leaf.kind) as kind, coalesce(stored.id, leaf.record_id) as id,
      coalesce(stored.version, leaf.version) as version, stored.type, stored.key_owner_id, stored.body, stored.sealed_seed, stored.leaf_hash,
      head.signed_content_sha256 as received_sha256, first.body as first_body, leaf.entry, leaf.leaf_index,
      exists (select from ops.log_entries erasure where erasure.kind = 'erasure' and erasure.record_id = stored.key_owner_id) as is_erased
    from (
      select 'container' as kind, declaration_id as id, 1 as version, null as type, person_id as key_owner_id, body, sealed_seed, leaf_hash
      from ops.container_upgrades
      union all select 'document', id, version, type, id, body, sealed_seed, leaf_hash from ops.signed_documents
    ) stored
    full join (
      select kind, record_id, version, entry, leaf_index from ops.log_entries where kind in ('container', 'document')
      union all select kind, record_id, version, entry, null from ops.pending_leaves where kind in ('container', 'document')
    ) leaf on leaf.kind = stored.kind and leaf.record_id = stored.id and leaf.version = stored.version
    left join ops.declaration_heads head on stored.kind = 'container' and head.id = stored.id
    left join ops.signed_documents first on stored.kind = 'document' and first.id = stored.id and first.version = 1
    where (coalesce(stored.id, leaf.record_id), coalesce(stored.version, leaf.version)) > (${id}::uuid, ${version}::integer)
    order by 2, 3 limit ${chunk_size}`.execute(db);
  for (const row of rows) if (row.kind === 'document') row.received_sha256 = receivedOf(row.first_body);
  return rows;
}

/** Read as bytes: a body that is no JSON any more is a finding, and must not end the audit. */
function receivedOf(first_body: Buffer | null): string | null {
  return /"signed_content_sha256":"([0-9a-f]{64})"/.exec(first_body?.toString('latin1') ?? '')?.[1] ?? null;
}

type Difference = { code: FindingCode; detail: string };
type Said = Partial<UpgradeBody & DocumentBody>;

function findDifference(row: LoggedContainer, keys: Map<string, Uint8Array> | undefined): Difference | undefined {
  const { body, sealed_seed, leaf_hash, entry } = row;
  if (!body || !sealed_seed || !leaf_hash) return { code: 'record_missing', detail: 'Its row is gone.' };
  if (!entry) return { code: 'record_unlogged', detail: 'No leaf stands for it.' };
  if (!Buffer.from(hashLeaf(entry)).equals(leaf_hash)) return altered('Its leaf hash is another one.');
  const said = readSaid(body);
  if (!said) return altered('It is no readable record any more.');
  if ((said.id ?? said.declaration_id) !== row.id || (said.version ?? 1) !== row.version)
    return altered('It is about another record.');
  if (said.signed_content_sha256 !== row.received_sha256)
    return altered('It is about another container than the one that was received.');
  return keys && findAltered({ ...row, body, sealed_seed, entry }, keys);
}

function readSaid(body: Buffer): Said | undefined {
  try {
    return JSON.parse(body.toString()) as Said;
  } catch {
    return undefined;
  }
}

function findAltered(
  row: LoggedContainer & { body: Buffer; sealed_seed: Buffer; entry: Buffer },
  keys: Map<string, Uint8Array>,
): Difference | undefined {
  const key = keys.get(row.key_owner_id!);
  if (!key) return row.is_erased ? undefined : { code: 'key_lost', detail: 'Nobody can tell whether it is whole.' };
  const { c } = JSON.parse(row.entry.toString()) as { c: string };
  try {
    if (commitment(openSeed(row, key), row.body).toString('base64') === c) return undefined;
    return altered('What is stored does not open the commitment.');
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    return altered('Its seed does not open under the key that it names.');
  }
}

function openSeed(row: LoggedContainer & { sealed_seed: Buffer }, key: Uint8Array): Buffer {
  const { kind, id, sealed_seed } = row;
  return kind === 'document' ? openDocumentSeed(row, key) : openUpgradeSeed({ declaration_id: id, sealed_seed }, key);
}

async function findStorageDifference(
  { kind, id, version, body, is_erased }: LoggedContainer,
  source: ContainerSource | undefined,
): Promise<Difference | undefined> {
  if (!source?.readOther) return undefined;
  const said = JSON.parse(body!.toString()) as Said;
  const is_upgrade = kind === 'container' || version === 2;
  const found = await source.readOther({
    resource_type: said.type ?? 'declaration',
    resource_id: id,
    form: is_upgrade ? 'signed_content.upgraded' : 'signed_content',
  });
  const which = is_upgrade ? 'The upgraded one' : 'The one as received';
  if (found.state === 'unreadable')
    return is_erased ? undefined : { code: 'container_differs', detail: `${which} does not open any more.` };
  if (found.state === 'damaged') return { code: 'container_damaged', detail: `${which}.` };
  if (found.state === 'unavailable') return { code: 'container_unread', detail: `${which}.` };
  if (found.state === 'missing') return { code: 'container_missing', detail: `${which}.` };
  const logged = is_upgrade ? said.sha256 : said.signed_content_sha256;
  if (found.sha256 === logged) return undefined;
  return { code: 'container_differs', detail: `${which}: logged ${logged}, stored ${found.sha256}.` };
}

function report(row: LoggedContainer, { code, detail }: Difference, since: string, list: FindingList): void {
  const { kind, id, version, type, leaf_index } = row;
  const what =
    kind === 'container'
      ? `Upgraded container of declaration ${id}`
      : `Signed document ${id} (${type ?? 'its row is gone'}), version ${version}`;
  list.add({
    code,
    record: { kind, id, ...(kind === 'document' ? { version } : {}) },
    ...(leaf_index === null ? {} : { leaf_index }),
    detail: `${what}. ${detail} ${since}`,
  });
}

function altered(detail: string): Difference {
  return { code: 'record_altered', detail };
}
