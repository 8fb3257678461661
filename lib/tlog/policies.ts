import { assertAtMost, encodeUtf8, equalBytes, withCode } from './bytes.ts';
import { parseDecimal } from './decimal.ts';
import { TlogError } from './errors.ts';
import { parseVerifierKey, type VerifierKey } from './keys.ts';
import { SIGNATURE_TYPES } from './signature-types.ts';

export type PolicyLog = { key: VerifierKey; url?: string };
export type PolicyWitness = { name: string; key: VerifierKey; url?: string };

/** What must have cosigned: nobody, one witness, or at least `threshold` of the members. */
export type Quorum =
  | { kind: 'none' }
  | { kind: 'witness'; witness: PolicyWitness }
  | { kind: 'group'; name: string; threshold: number; members: Quorum[] };

/** Who is believed: a checkpoint counts if one of the logs signed it and the quorum cosigned it (c2sp.org/tlog-policy). */
export type Policy = { logs: PolicyLog[]; witnesses: PolicyWitness[]; quorum: Quorum };

export const MAX_POLICY_BYTES = 256 * 1024;
const MAX_LINES = 1024;
const MAX_OF_KIND = 128;

type Draft = {
  logs: PolicyLog[];
  witnesses: PolicyWitness[];
  defined: Map<string, Quorum>;
  /** Names that are members of a group already: each may be one only once. */
  grouped: Set<string>;
  quorum?: Quorum;
};

/**
 * Reads a policy file (c2sp.org/tlog-policy). Stricter than a lenient reader in one point: a last line without newline
 * is refused, for it may be what is left of a longer one. Throws `policy_malformed` with the line's number, or `too_large`.
 */
export function parsePolicy(bytes: Uint8Array): Policy {
  assertAtMost(bytes, MAX_POLICY_BYTES);
  const lines = decodeOctets(bytes).split('\n');
  if (lines.pop() !== '' || lines.length > MAX_LINES)
    throw new TlogError('policy_malformed', 'no newline at the end, or too many lines');
  const draft: Draft = { logs: [], witnesses: [], defined: new Map([['none', { kind: 'none' }]]), grouped: new Set() };
  for (const [at, line] of lines.entries()) readLine(draft, line, at + 1);
  const { logs, witnesses, quorum } = draft;
  if (quorum === undefined) throw new TlogError('policy_malformed', 'no quorum line');
  return { logs, witnesses, quorum };
}

/** Whether the witnesses that cosigned, by their names in the policy, are enough. */
export function isQuorum(quorum: Quorum, cosigned: ReadonlySet<string>): boolean {
  if (quorum.kind === 'none') return true;
  if (quorum.kind === 'witness') return cosigned.has(quorum.witness.name);
  return quorum.members.filter((member) => isQuorum(member, cosigned)).length >= quorum.threshold;
}

function readLine(draft: Draft, line: string, number: number): void {
  const [keyword, ...items] = line.split(/[ \t]+/).filter((item) => item !== '');
  if (keyword === undefined || keyword.startsWith('#')) return;
  const read = Object.hasOwn(READERS, keyword) ? READERS[keyword] : undefined;
  try {
    if (read === undefined)
      throw new TlogError('policy_malformed', `unknown keyword ${JSON.stringify(keyword.slice(0, 32))}`);
    read(draft, items);
  } catch (cause) {
    if (cause instanceof TlogError)
      throw new TlogError('policy_malformed', `line ${number}: ${cause.message}`, { cause });
    throw cause;
  }
}

const READERS: Record<string, (draft: Draft, items: string[]) => void> = {
  log: readLog,
  witness: readWitness,
  group: readGroup,
  quorum: readQuorum,
};

function readLog(draft: Draft, [vkey, url, ...rest]: string[]): void {
  if (vkey === undefined || rest.length > 0) throw new TlogError('policy_malformed', 'log <vkey> [<url>]');
  const key = parseKey(vkey);
  addKeyed(draft.logs, { key, ...(url === undefined ? {} : { url }) });
}

function readWitness(draft: Draft, [name, vkey, url, ...rest]: string[]): void {
  if (name === undefined || vkey === undefined || rest.length > 0) {
    throw new TlogError('policy_malformed', 'witness <name> <vkey> [<url>]');
  }
  const key = parseKey(vkey);
  if (key.type === SIGNATURE_TYPES.ed25519)
    throw new TlogError('policy_malformed', 'a witness key is a cosignature key');
  const witness = { name, key, ...(url === undefined ? {} : { url }) };
  addKeyed(draft.witnesses, witness);
  define(draft, name, { kind: 'witness', witness });
}

function readGroup(draft: Draft, [name, threshold, ...names]: string[]): void {
  if (name === undefined || threshold === undefined || names.length === 0) {
    throw new TlogError('policy_malformed', 'group <name> all|any|<k> <name>...');
  }
  const members = names.map((member) => takeMember(draft, member));
  define(draft, name, { kind: 'group', name, threshold: readThreshold(threshold, members.length), members });
}

function readQuorum(draft: Draft, [name, ...rest]: string[]): void {
  if (name === undefined || rest.length > 0) throw new TlogError('policy_malformed', 'quorum <name>');
  if (draft.quorum !== undefined) throw new TlogError('policy_malformed', 'a second quorum line');
  draft.quorum = draft.defined.get(name);
  if (draft.quorum === undefined) throw new TlogError('policy_malformed', `${name} is not defined above`);
}

function readThreshold(threshold: string, members: number): number {
  if (threshold === 'any') return 1;
  if (threshold === 'all') return members;
  const count = Number(parseDecimal(threshold, BigInt(members)));
  if (count < 1) throw new TlogError('policy_malformed', 'a threshold of 0');
  return count;
}

function takeMember(draft: Draft, name: string): Quorum {
  const member = name === 'none' ? undefined : draft.defined.get(name);
  if (member === undefined) throw new TlogError('policy_malformed', `${name} is not defined above`);
  if (draft.grouped.has(name)) throw new TlogError('policy_malformed', `${name} is a member already`);
  draft.grouped.add(name);
  return member;
}

function define(draft: Draft, name: string, quorum: Quorum): void {
  if (draft.defined.has(name)) throw new TlogError('policy_malformed', `${name} is defined already`);
  if (draft.defined.size > 2 * MAX_OF_KIND) throw new TlogError('policy_malformed', 'too many names');
  draft.defined.set(name, quorum);
}

/** Keys are duplicates when the public key is the same, whatever their name and id (tlog-policy, Public key representation). */
function addKeyed<T extends { key: VerifierKey }>(list: T[], item: T): void {
  if (list.some(({ key }) => equalBytes(key.public_key, item.key.public_key))) {
    throw new TlogError('policy_malformed', 'this public key is listed already');
  }
  if (list.length >= MAX_OF_KIND) throw new TlogError('policy_malformed', 'too many keys');
  list.push(item);
}

/** Octets of 0x80 and above are opaque: UTF-8 where the file is UTF-8, otherwise one character each. */
function decodeOctets(bytes: Uint8Array): string {
  if (bytes.some((octet) => (octet < 0x20 && octet !== 0x09 && octet !== 0x0a) || octet === 0x7f)) {
    throw new TlogError('policy_malformed', 'control character');
  }
  const latin1 = Buffer.from(bytes).toString('latin1');
  const utf8 = Buffer.from(bytes).toString('utf8');
  return equalBytes(encodeUtf8(utf8), bytes) ? utf8 : latin1;
}

/** Names of keys are UTF-8 in notes, also when the rest of the file is not. */
function parseKey(vkey: string): VerifierKey {
  return withCode('policy_malformed', () => parseVerifierKey(vkey));
}
