import {
  hashLeaf,
  parseNote,
  parsePromise,
  readEntries,
  type TileStore,
  TlogError,
  type VerifierKey,
  verifyPromise,
} from '@zdravo/tlog';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import type { FindingList } from './findings.ts';

/** A promise with the version that it was given for: where its leaf is to be looked for first. */
export type KeptPromise = { record_id: string; version: number; note: string };

export type PromisesToAudit = {
  /** Whose signature makes a promise one of the log's. */
  keys: readonly VerifierKey[];
  /** What clients handed in. */
  notes?: readonly string[];
  /** What the platform kept, in pages. */
  kept?: AsyncIterable<readonly KeptPromise[]>;
};

export type PromisesInput = { db: Kysely<Tables>; tiles: TileStore; promises?: PromisesToAudit; now: Date };

type Due = { leaf_hash: string; note: string; record?: { kind: string; id: string; version: number } };

const bundle_width = 256;

/**
 * Every promise whose deadline has passed must be kept: its leaf is in the published tree. Only what was given away can
 * show that a row was removed together with its waiting leaf. The database merely says where to look; a promise that is not
 * fulfilled there is looked for in the whole published log.
 * @returns how many promises were looked at.
 */
export async function auditPromises(
  input: PromisesInput,
  { size }: { size: number },
  list: FindingList,
): Promise<number> {
  const { promises } = input;
  if (!promises) return 0;
  const open = readDue(
    input,
    (promises.notes ?? []).map((note) => ({ note })),
    list,
  );
  let total = open.length;
  for await (const page of promises.kept ?? []) {
    const due = readDue(input, page, list);
    total += due.length;
    open.push(...(await findUnfulfilled(input, due, size)));
  }
  for (const one of await absentFromLog(input.tiles, open, size)) addBroken(one, promises.keys, list);
  return total;
}

/** Those whose deadline has passed; their signatures matter only if they turn out not to be kept. */
function readDue(
  { now }: PromisesInput,
  given: readonly (Partial<KeptPromise> & { note: string })[],
  list: FindingList,
): Due[] {
  const now_s = BigInt(Math.floor(now.getTime() / 1000));
  return given.flatMap(({ note, record_id, version }) => {
    try {
      const promise = parsePromise(parseNote(Buffer.from(note)).text);
      if (promise.deadline >= now_s) return [];
      const due = { note, leaf_hash: Buffer.from(promise.leaf_hash).toString('hex') };
      return [
        record_id === undefined ? due : { ...due, record: { kind: 'declaration', id: record_id, version: version! } },
      ];
    } catch (error) {
      if (!(error instanceof TlogError)) throw error;
      list.add({ code: 'promise_refused', detail: `${error.message}.` });
      return [];
    }
  });
}

/** Of a page, those whose leaf is not where the database says that it is. */
async function findUnfulfilled({ db, tiles }: PromisesInput, due: readonly Due[], size: number): Promise<Due[]> {
  const { rows } = await sql<{ leaf_index: number; at: number }>`
    select leaf.leaf_index, wanted.at::integer - 1 as at
    from unnest(${due.map(({ record }) => record?.id)}::uuid[], ${due.map(({ record }) => record?.version)}::integer[])
      with ordinality as wanted (record_id, version, at)
    join ops.log_entries leaf on leaf.kind = 'declaration' and leaf.record_id = wanted.record_id and leaf.version = wanted.version
    where leaf.leaf_index < ${size}`.execute(db);
  const fulfilled = new Set<Due>();
  for (const [bundle, found] of Map.groupBy(rows, ({ leaf_index }) => Math.floor(leaf_index / bundle_width))) {
    const hashes = await bundleHashes(tiles, bundle, size);
    for (const { leaf_index, at } of found)
      if (hashes?.[leaf_index % bundle_width] === due[at]!.leaf_hash) fulfilled.add(due[at]!);
  }
  return due.filter((one) => !fulfilled.has(one));
}

/** Undefined when the bundle is damaged, which the audit of the leaves reports. */
async function bundleHashes(tiles: TileStore, bundle: number, size: number): Promise<string[] | undefined> {
  const from = bundle * bundle_width;
  const range = { from: BigInt(from), size: BigInt(Math.min(size, from + bundle_width)) };
  try {
    return (await Array.fromAsync(readEntries(tiles, range))).map(({ entry }) => hexOf(hashLeaf(entry)));
  } catch (error) {
    if (error instanceof TlogError) return undefined;
    throw error;
  }
}

async function absentFromLog(tiles: TileStore, open: readonly Due[], size: number): Promise<Due[]> {
  const absent = new Map(open.map((one) => [one.leaf_hash, one]));
  for (let bundle = 0; absent.size > 0 && bundle * bundle_width < size; bundle++)
    for (const hash of (await bundleHashes(tiles, bundle, size)) ?? []) absent.delete(hash);
  return [...absent.values()];
}

function addBroken({ note, record }: Due, keys: readonly VerifierKey[], list: FindingList): void {
  const of = record ? `${record.kind} ${record.id}, version ${record.version}, ` : '';
  try {
    const { leaf_hash, stored_at, deadline } = verifyPromise(Buffer.from(note), keys);
    const what = `${of}leaf hash ${hexOf(leaf_hash)}`;
    list.add({
      code: 'promise_broken',
      ...(record ? { record } : {}),
      detail: `It is ${what}, stored at ${isoOf(stored_at)}, promised to be there by ${isoOf(deadline)}.`,
    });
  } catch (error) {
    if (!(error instanceof TlogError)) throw error;
    list.add({ code: 'promise_refused', detail: `${of}${error.message}.` });
  }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function isoOf(seconds: bigint): string {
  return new Date(Number(seconds) * 1000).toISOString();
}
