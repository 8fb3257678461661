import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import type { FindingCode, FindingList } from './findings.ts';
import type { Scope } from './set-checks.ts';

/** What is known of a stored container: its hash as computed from the bytes now, or why there is none. */
export type ContainerState =
  | { state: 'stored'; sha256: string; container: Uint8Array }
  | { state: 'missing' }
  /** It does not open: its key was dropped, or it was altered. */
  | { state: 'unreadable' }
  /** Its file is there and is not whole. */
  | { state: 'damaged' }
  /** The store did not give it. */
  | { state: 'unavailable' };

export type ContainerSource = {
  read(declaration_id: string): Promise<ContainerState>;
  /** The same of one that has a leaf of its own; without this, those are held against the log only. */
  readOther?(container: OtherContainer): Promise<ContainerState>;
  /** Verifies the signatures in a container as of the moment it was received. @returns why they do not hold, or nothing. */
  verify?(container: Uint8Array, received_at: string): Promise<string | undefined>;
  /** The JSON that was signed, for telling what an altered record should have said. Throws when it cannot be read. */
  content?(container: Uint8Array, received_at: string): Promise<unknown>;
  /** One signature in so many is verified per run; over the runs all of them are. */
  sample_of: number;
};

/** As media name it. */
export type OtherContainer = {
  resource_type: string;
  resource_id: string;
  form: 'signed_content' | 'signed_content.upgraded';
};

type LoggedContainer = { id: string; sha256: string; inserted_at: string; is_erased: boolean };

const chunk_size = 500;
/** So many in a row mean that the store is away, not that somebody damaged them: then there is nothing to audit. */
const most_unavailable = 20;

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
  let unavailable = 0;
  for (;;) {
    const { rows } = await sql<LoggedContainer>`
      select head.id, head.inserted_at, head.signed_content_sha256 as sha256,
        exists (select from ops.log_entries leaf where leaf.kind = 'erasure' and leaf.record_id = head.person_id) as is_erased
      from ops.declaration_heads head
      where head.id > ${after} ${
        scope.full
          ? sql``
          : sql`and exists (select from ops.log_entries leaf
        where leaf.kind = 'declaration' and leaf.record_id = head.id and leaf.leaf_index >= ${scope.from_leaf})`
      }
      order by head.id limit ${chunk_size}`.execute(db);
    for (const row of rows) {
      const { state } = await auditContainer(row, source, { turn, since: scope.since }, list);
      unavailable = state === 'unavailable' ? unavailable + 1 : 0;
      if (unavailable === most_unavailable) throw new Error('The store of signed containers does not answer.');
    }
    count += rows.length;
    if (rows.length < chunk_size) return count;
    after = rows.at(-1)!.id;
  }
}

async function auditContainer(
  row: LoggedContainer,
  source: ContainerSource,
  { turn, since }: { turn: number; since: string },
  list: FindingList,
): Promise<ContainerState> {
  const found = await source.read(row.id);
  const record = { kind: 'declaration', id: row.id };
  const difference = findDifference(row, found);
  if (difference)
    list.add({ ...difference, record, detail: `It is that of declaration ${row.id}. ${difference.detail}${since}` });
  else if (found.state === 'stored' && source.verify && isTurnOf(row, source, turn)) {
    const refusal = await source.verify(found.container, row.inserted_at);
    if (refusal)
      list.add({
        code: 'container_refused',
        record,
        detail: `It is that of declaration ${row.id}: ${refusal}. ${since}`,
      });
  }
  return found;
}

function findDifference(
  { sha256, is_erased }: LoggedContainer,
  found: ContainerState,
): { code: FindingCode; detail: string } | undefined {
  if (found.state === 'missing') return { code: 'container_missing', detail: '' };
  if (found.state === 'damaged') return { code: 'container_damaged', detail: '' };
  if (found.state === 'unavailable') return { code: 'container_unread', detail: '' };
  const without_order = 'It does not open any more: it was altered, or its key was removed without an order. ';
  if (found.state === 'unreadable') return is_erased ? undefined : { code: 'container_differs', detail: without_order };
  if (found.sha256 === sha256) return undefined;
  return { code: 'container_differs', detail: `SHA-256 logged ${sha256}, stored ${found.sha256}. ` };
}

function isTurnOf({ id }: LoggedContainer, { sample_of }: ContainerSource, turn: number): boolean {
  return Number.parseInt(id.slice(0, 8), 16) % sample_of === turn;
}
