import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import type { FindingList } from './findings.ts';
import type { Scope } from './set-checks.ts';

/** What is known of a stored container: its hash as computed from the bytes now, or why there is none. */
export type ContainerState =
  | { state: 'stored'; sha256: string; container: Uint8Array }
  | { state: 'missing' }
  | { state: 'erased' };

export type ContainerSource = {
  read(declaration_id: string): Promise<ContainerState>;
  /** The same of its upgrade; without this, upgrades are held against the log only. */
  readUpgraded?(declaration_id: string): Promise<ContainerState>;
  /** Verifies the signatures in a container as of the moment it was received. @returns why they do not hold, or nothing. */
  verify?(container: Uint8Array, received_at: string): Promise<string | undefined>;
  /** One signature in so many is verified per run; over the runs all of them are. */
  sample_of: number;
};

type LoggedContainer = { id: string; sha256: string; inserted_at: string; is_erased: boolean };

const chunk_size = 500;

/** Holds every container against the hash that its declaration's leaf commits to. @returns how many were read. */
export async function auditContainers(
  db: Kysely<Tables>,
  source: ContainerSource,
  scope: Scope,
  list: FindingList,
): Promise<number> {
  const turn = Math.floor(scope.now.getTime() / 3_600_000) % source.sample_of;
  let after = '00000000-0000-0000-0000-000000000000';
  let count = 0;
  for (;;) {
    const { rows } = await sql<LoggedContainer>`
      select head.id, head.inserted_at, convert_from(stored.body, 'UTF8')::jsonb -> 'evidence' ->> 'signed_content_sha256' as sha256,
        exists (select from ops.log_entries leaf where leaf.kind = 'erasure' and leaf.record_id = head.person_id) as is_erased
      from ops.declaration_heads head
      join ops.declaration_versions stored on stored.declaration_id = head.id and stored.version = head.version
      where head.id > ${after} ${
        scope.full
          ? sql``
          : sql`and exists (select from ops.log_entries leaf
        where leaf.kind = 'declaration' and leaf.record_id = head.id and leaf.leaf_index >= ${scope.from_leaf})`
      }
      order by head.id limit ${chunk_size}`.execute(db);
    for (const row of rows) await auditContainer(row, source, turn, list);
    count += rows.length;
    if (rows.length < chunk_size) return count;
    after = rows.at(-1)!.id;
  }
}

async function auditContainer(
  { id, sha256, inserted_at, is_erased }: LoggedContainer,
  source: ContainerSource,
  turn: number,
  list: FindingList,
): Promise<void> {
  const found = await source.read(id);
  const record = { kind: 'declaration', id };
  if (found.state === 'erased') {
    if (!is_erased) list.add({ code: 'key_lost', record, detail: `The container of declaration ${id}.` });
    return;
  }
  if (found.state === 'missing') return list.add({ code: 'container_missing', record, detail: `Declaration ${id}.` });
  if (found.sha256 !== sha256)
    return list.add({
      code: 'container_differs',
      record,
      detail: `Declaration ${id}: logged ${sha256}, stored ${found.sha256}.`,
    });
  if (!source.verify || Number.parseInt(id.slice(0, 8), 16) % source.sample_of !== turn) return;
  const refusal = await source.verify(found.container, inserted_at);
  if (refusal) list.add({ code: 'container_refused', record, detail: `Declaration ${id}: ${refusal}.` });
}
