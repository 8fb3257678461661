import { KeyError } from '@zdravo/kit/keys';
import { commitment, openSeed, parseBody, type VersionBody } from '../versions.ts';
import type { FindingList } from './findings.ts';
import { differingState, type PresentState } from './present-state.ts';

/** A leaf of the database with the record that it names, if that is there. */
export type LoggedVersion = PresentState & {
  leaf_index: number;
  entry: Buffer;
  kind: string;
  record_id: string | null;
  version: number | null;
  body: Buffer | null;
  sealed_seed: Buffer | null;
  leaf_hash: Buffer | null;
  op: string | null;
  status: string | null;
  person_id: string | null;
};

export type RecordInput = {
  row: LoggedVersion;
  published: Uint8Array;
  /** Of `published`. */
  published_hash: Uint8Array;
  person_keys: Map<string, Uint8Array> | undefined;
  /** Persons whose erasure is in the log. */
  erased: ReadonlySet<string>;
  since: string;
};

/** Holds one leaf's record against the published entry. @returns whether there was a record to compare. */
export function auditRecord(input: RecordInput, list: FindingList): boolean {
  const { row, published, since } = input;
  const { leaf_index, kind, record_id, version } = row;
  const what = record_id === null ? `a record of kind ${kind}` : `${kind} ${record_id}, version ${version}`;
  const where = `It is ${what}, leaf ${leaf_index}.`;
  const record = { kind, id: record_id ?? '', version: version ?? 0 };
  if (!row.entry.equals(published))
    list.add({ code: 'entry_differs', leaf_index, record, detail: `${where} ${since}` });
  if (kind !== 'declaration') return false;
  if (!row.body) {
    list.add({ code: 'record_missing', leaf_index, record, detail: `${where} ${since}` });
    return false;
  }
  const difference = findDifference(input, row as StoredVersion);
  if (difference)
    list.add({ code: difference.code, leaf_index, record, detail: `${where} ${difference.detail} ${since}` });
  return true;
}

type StoredVersion = LoggedVersion & {
  body: Buffer;
  sealed_seed: Buffer;
  leaf_hash: Buffer;
  record_id: string;
  version: number;
};
type Difference = { code: 'record_altered' | 'record_misplaced' | 'key_lost' | 'head_differs'; detail: string };

function findDifferingState(row: StoredVersion, body: VersionBody): Difference | undefined {
  const detail = differingState(row, body);
  return detail === undefined ? undefined : { code: 'head_differs', detail };
}

function findDifference(input: RecordInput, row: StoredVersion): Difference | undefined {
  const { published, published_hash, person_keys, erased } = input;
  if (!row.leaf_hash.equals(published_hash))
    return { code: 'record_altered', detail: 'The fingerprint stored beside it is not the published one.' };
  const body = readBody(row.body);
  if (!body) return { code: 'record_altered', detail: 'It is no readable record any more.' };
  const misplaced = (['id', 'version', 'op', 'status'] as const).filter((name) => body[name] !== columnOf(row, name));
  const altered = person_keys && findAltered({ published, person_keys, erased, row, body });
  if (altered) return altered;
  return misplaced.length === 0
    ? findDifferingState(row, body)
    : { code: 'record_misplaced', detail: `It says so of its ${misplaced.join(', ')}.` };
}

function findAltered(
  input: Pick<RecordInput, 'published' | 'erased'> & {
    person_keys: Map<string, Uint8Array>;
    row: StoredVersion;
    body: VersionBody;
  },
): Difference | undefined {
  const { published, person_keys, erased, row, body } = input;
  const person_key = person_keys.get(body.person_id);
  if (!person_key) {
    if (erased.has(body.person_id)) return undefined;
    return { code: 'key_lost', detail: 'Nobody can tell whether the record is what was logged.' };
  }
  const { c } = JSON.parse(Buffer.from(published).toString()) as { c: string };
  try {
    const seed = openSeed({ id: row.record_id, version: row.version, sealed_seed: row.sealed_seed }, person_key);
    if (commitment(seed, row.body).toString('base64') === c) return undefined;
    return {
      code: 'record_altered',
      detail: 'What is stored now does not give the fingerprint that was published when it was written.',
    };
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    return {
      code: 'record_altered',
      detail:
        'It names a person whose key does not open it: it was moved from another person, or its seed was replaced.',
    };
  }
}

function readBody(bytes: Buffer): VersionBody | undefined {
  try {
    return parseBody(bytes);
  } catch {
    return undefined;
  }
}

function columnOf(row: StoredVersion, name: 'id' | 'version' | 'op' | 'status'): unknown {
  return name === 'id' ? row.record_id : row[name];
}
