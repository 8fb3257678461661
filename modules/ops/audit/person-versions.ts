import { type Kysely, sql } from 'kysely';
import { type BatchEntry, batch_mark } from '../person-version-batches.ts';
import type { NewPersonVersionBatch } from '../person-version-contract.ts';
import type { Tables } from '../tables.ts';
import type { FindingCode, FindingList } from './findings.ts';

type Batch = NewPersonVersionBatch & { id: string; position: number };

/** What the patient index says of its versions, to somebody who has no key. It is asked; nobody believes it. */
export type PersonVersions = {
  /** Those of these ids that are there, with what their versions give now. */
  readBatches(ids: readonly string[]): Promise<(Batch & { folded: { root: string; count: number } })[]>;
  /** Batches that should have their leaf by now, the newest first. */
  listOldBatches(before?: number): Promise<Batch[]>;
  /** @param batch_ids only what is in these; all otherwise. */
  findFaults(batch_ids?: readonly string[]): Promise<{
    versions: number;
    overdue: { count: number; since: string | null };
    faults: VersionFault[];
    heads: HeadFault[];
  }>;
};

type HeadFault = { person_id: string; version: number | null; versions: number; newest: number | null };

type VersionFault = {
  what: 'altered' | 'missing' | 'unbatched' | 'back_dated';
  person_id: string;
  version: number;
  recorded_at: string | null;
  taken_at: string | null;
  whole_at: string | null;
};

export type PersonVersionsRead = { person_versions: number; person_version_batches: number };
type Scope = { from_leaf: number; full: boolean; size: number; since: string };
type Leaf = { leaf_index: number; entry: Buffer; kind: string; record_id: string | null };

const leaves_at_once = 64;

/**
 * Versions of persons against their batches, and batches against their leaves, both ways. Leaves are known by what they say: how
 * the database labels them may be part of what was altered.
 */
export async function auditPersonVersions(
  db: Kysely<Tables>,
  index: PersonVersions,
  scope: Scope,
  list: FindingList,
): Promise<PersonVersionsRead> {
  const read = await auditBatches(db, index, scope, list);
  await findUnlogged(db, index, scope, list);
  const found = await index.findFaults(scope.full ? undefined : read.new_ids);
  for (const fault of found.faults) reportVersion(fault, scope, list);
  for (const fault of found.heads) reportHead(fault, scope, list);
  const { count, since } = found.overdue;
  if (count > 0)
    list.add({
      code: 'record_late',
      detail: `${count} versions of persons wait for a batch, the first since ${since}: the index's job does not run, or a bulk load holds it up.`,
    });
  return { person_versions: found.versions, person_version_batches: read.batches };
}

/** @returns how many leaves were read, and of which batches, unless it was all of them. */
async function auditBatches(
  db: Kysely<Tables>,
  index: PersonVersions,
  scope: Scope,
  list: FindingList,
): Promise<{ batches: number; new_ids: string[] }> {
  const new_ids: string[] = [];
  let batches_read = 0;
  let position = 0;
  for (let after = scope.from_leaf - 1; ; ) {
    const leaves = await readLeaves(db, after, scope.size);
    const read = leaves.flatMap((leaf) => readEntry(leaf, scope, list));
    const stored = await index.readBatches(read.map(({ said }) => said.h));
    const batches = new Map(stored.map((batch) => [batch.id, batch]));
    for (const { leaf, said } of read) {
      const batch = batches.get(said.h);
      const difference = differenceOf(leaf, said, batch) ?? (batch && misplacedAfter(position, batch));
      if (difference) reportBatch({ leaf, said, difference }, scope, list);
      position = Math.max(position, batch?.position ?? 0);
      if (!scope.full) new_ids.push(said.h);
    }
    batches_read += leaves.length;
    if (leaves.length < leaves_at_once) return { batches: batches_read, new_ids };
    after = leaves.at(-1)!.leaf_index;
  }
}

async function readLeaves(db: Kysely<Tables>, after: number, size: number): Promise<Leaf[]> {
  const { rows } = await sql<Leaf>`
    select leaf_index, entry, kind, record_id from ops.log_entries
    where leaf_index > ${after} and leaf_index < ${size} and position(${batch_mark} in entry) > 0
    order by leaf_index limit ${leaves_at_once}`.execute(db);
  return rows;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A leaf that is none any more is a finding, and must not end the audit. */
function readEntry(leaf: Leaf, { since }: Scope, list: FindingList): { leaf: Leaf; said: BatchEntry }[] {
  const said = parseEntry(leaf.entry);
  if (said) return [{ leaf, said }];
  const { leaf_index } = leaf;
  const detail = `Leaf ${leaf_index} calls itself a batch of versions of persons, and cannot be read. ${since}`;
  list.add({ code: 'record_altered', leaf_index, detail });
  return [];
}

function parseEntry(entry: Buffer): BatchEntry | undefined {
  try {
    const said = JSON.parse(entry.toString()) as BatchEntry;
    return uuid.test(said.h) && typeof said.c === 'string' ? said : undefined;
  } catch {
    return undefined;
  }
}

type Difference = { code: FindingCode; detail: string };

function differenceOf(
  { kind, record_id }: Leaf,
  said: BatchEntry,
  batch: Awaited<ReturnType<PersonVersions['readBatches']>>[number] | undefined,
): Difference | undefined {
  if (!batch)
    return {
      code: 'record_missing',
      detail: 'It is gone from the patient index: it was deleted there, or the index was restored to an earlier point.',
    };
  const { root, count, is_last, taken_at, folded } = batch;
  if (kind !== 'person_versions' || record_id !== said.h)
    return { code: 'record_misplaced', detail: 'The database labels its leaf as that of another record.' };
  const altered = (detail: string) => ({ code: 'record_altered', detail }) as const;
  const logged_root = Buffer.from(said.c, 'base64').toString('hex');
  if (root !== logged_root || count !== said.m || taken_at !== said.t || is_last !== (said.op === 'all'))
    return altered('It says another root, number or time than its leaf.');
  if (folded.count !== count) return altered(`Its leaf is of ${count} versions, ${folded.count} are in it.`);
  if (folded.root === root) return undefined;
  return altered('A version in it was replaced together with its digest: they give another root than its leaf.');
}

function misplacedAfter(position: number, batch: Batch): Difference | undefined {
  if (batch.position > position) return undefined;
  return { code: 'record_misplaced', detail: 'Its leaf stands behind that of a later one.' };
}

/** Batches that are old enough and have no leaf. A run of what is new looks at the newest thousand. */
async function findUnlogged(db: Kysely<Tables>, index: PersonVersions, scope: Scope, list: FindingList): Promise<void> {
  for (let before: number | undefined; ; ) {
    const batches = await index.listOldBatches(before);
    const ids = batches.map(({ id }) => id);
    const { rows } = await sql<{ id: string }>`
      select id from unnest(${ids}::uuid[]) id
      where not exists (select from ops.log_entries leaf
          where leaf.kind = 'person_versions' and leaf.record_id = id and leaf.leaf_index < ${scope.size})
        and not exists (select from ops.pending_leaves leaf where leaf.kind = 'person_versions' and leaf.record_id = id)`.execute(
      db,
    );
    const unlogged = new Set(rows.map(({ id }) => id));
    for (const { id, count, taken_at } of batches.filter((batch) => unlogged.has(batch.id)))
      list.add({
        code: 'record_unlogged',
        record: { kind: 'person_versions', id },
        detail: `Batch ${id} of ${count} versions of persons. No leaf stands for it, and it was taken ${taken_at}. ${scope.since}`,
      });
    if (batches.length === 0 || !scope.full) return;
    before = batches.at(-1)!.position;
  }
}

function reportBatch(
  { leaf, said, difference }: { leaf: Leaf; said: BatchEntry; difference: Difference },
  { since }: Scope,
  list: FindingList,
): void {
  const { h: id, m: count, t: taken_at } = said;
  list.add({
    code: difference.code,
    record: { kind: 'person_versions', id },
    leaf_index: leaf.leaf_index,
    detail: `Batch ${id} of ${count} versions of persons, taken ${taken_at}, leaf ${leaf.leaf_index}. ${difference.detail} ${since}`,
  });
}

const codes = {
  altered: 'record_altered',
  missing: 'record_missing',
  unbatched: 'record_unlogged',
  back_dated: 'record_back_dated',
} as const;

function reportVersion(fault: VersionFault, { since }: Scope, list: FindingList): void {
  const { what, person_id, version } = fault;
  list.add({
    code: codes[what],
    record: { kind: 'person_version', id: person_id, version },
    detail: `Version ${version} of person ${person_id}. ${wordsFor(fault)} ${since}`,
  });
}

function reportHead({ person_id, version, versions, newest }: HeadFault, { since }: Scope, list: FindingList): void {
  const says = version === null ? 'There is no present state' : `The present state is that of version ${version}`;
  list.add({
    code: 'head_differs',
    record: { kind: 'person', id: person_id },
    detail: `Person ${person_id}. ${says}, ${versions} are there, the newest ${newest}. ${since}`,
  });
}

function wordsFor({ what, recorded_at, taken_at, whole_at }: VersionFault): string {
  if (what === 'altered') return `It is not that of its digest in the batch of ${taken_at}.`;
  if (what === 'missing') return `It is gone; the batch of ${taken_at} holds its digest.`;
  if (what === 'unbatched') return `It claims to be of ${recorded_at}; no batch holds it, and it waits for none.`;
  return `It claims to be of ${recorded_at}, was not there when nothing waited at ${whole_at}, and came with the batch of ${taken_at}.`;
}
