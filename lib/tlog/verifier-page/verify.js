/**
 * Verifies receipts of the transparency log in a browser, with WebCrypto alone: no library, no server's word.
 *
 * Written apart from lib/tlog and importing nothing of it, so that one mistake is not made twice: both must come to the
 * same verdict on every file (verdicts.test.ts). Specifications: RFC 6962, c2sp.org/signed-note, tlog-checkpoint,
 * tlog-cosignature, tlog-policy, tlog-proof, tlog-tiles. ML-DSA keys are read and never counted: browsers cannot
 * verify them yet.
 */

const LARGEST = 2n ** 63n - 1n;
const text_encoder = new TextEncoder();

/** The file, the policy or the proof is not what it should be. The message says where, for people. */
export class NotVerified extends Error {
  constructor(reason) {
    super(reason);
    this.name = 'NotVerified';
  }
}

/** Verifies the answer of `GET /api/declarations/:id/receipt`. @returns what was proved. @throws NotVerified */
export async function verifyReceiptFile(bytes, policy_bytes) {
  const file = readFile(bytes);
  const entry_bytes = text_encoder.encode(file.entry);
  const leaf_hash = await hashOf(Uint8Array.of(0), entry_bytes);
  const proved = await verifyProof(text_encoder.encode(file.receipt), leaf_hash, await readPolicy(policy_bytes));
  const entry = readEntry(file.entry);
  same('leaf_hash', file.leaf_hash, hex(leaf_hash));
  same('leaf_index', file.leaf_index, Number(proved.index));
  same('checkpoint_size', file.checkpoint_size, Number(proved.size));
  same('version', file.version, entry.n);
  return { ...proved, entry, leaf_hash: hex(leaf_hash), file };
}

/** As `verifyReceiptFile`, and that the record in the file is what the entry commits to. @throws NotVerified */
export async function verifyRecordFile(bytes, policy_bytes) {
  const proved = await verifyReceiptFile(bytes, policy_bytes);
  const { record } = proved.file;
  if (!record) throw new NotVerified('the file holds no record');
  const seed = fromBase64(record.seed);
  if (seed.length !== 32) throw new NotVerified('the seed is not 32 bytes');
  const commitment = await hashOf(text_encoder.encode('zdravo-version/v1\n'), seed, text_encoder.encode(record.body));
  if (toBase64(commitment) !== proved.entry.c) throw new NotVerified('the record is not the one that was logged');
  const body = parseObject(record.body, 'record');
  if (body.version !== proved.entry.n || body.op !== proved.entry.op) throw new NotVerified('another version');
  same('declaration_id', proved.file.declaration_id, body.id);
  return { ...proved, body };
}

/**
 * Verifies what a printed sheet says: that the leaf with this hash stands at this place of the published log. Tiles and
 * checkpoint come from `fetchFile(path)`; nothing that it gives is believed without proof. @throws NotVerified
 */
export async function verifyPrinted({ index, leaf_hash }, fetchFile, policy_bytes) {
  const note = await fetchFile('checkpoint');
  const checkpoint = await openCheckpoint(note, await readPolicy(policy_bytes));
  if (index >= checkpoint.size) throw new NotVerified('the log does not reach this leaf yet; try again in a minute');
  const proof = await proofFromTiles(fetchFile, index, checkpoint.size);
  const root = await rootOf({ index, size: checkpoint.size, leaf_hash, proof });
  if (!equal(root, checkpoint.root)) throw new NotVerified('the log holds another leaf at this place');
  return { ...checkpoint, index, leaf_hash: hex(leaf_hash) };
}

/** Who is believed: log keys, witnesses and the quorum (c2sp.org/tlog-policy). @throws NotVerified */
export async function readPolicy(bytes) {
  const text = decodeOctets(bytes);
  if (!text.endsWith('\n')) throw new NotVerified('policy: no newline at the end');
  const policy = { logs: [], witnesses: [], quorum: undefined };
  const defined = new Map([['none', () => true]]);
  const grouped = new Set();
  const define = (name, met) => {
    if (!name || defined.has(name)) throw new NotVerified(`policy: ${name} is defined already`);
    defined.set(name, met);
  };
  const take = (name) => {
    if (name === 'none' || !defined.has(name) || grouped.has(name))
      throw new NotVerified(`policy: ${name} cannot be a member`);
    grouped.add(name);
    return defined.get(name);
  };
  for (const line of text.slice(0, -1).split('\n')) {
    const [word, ...items] = line.split(/[ \t]+/).filter((item) => item !== '');
    if (word === undefined || word.startsWith('#')) continue;
    if (word === 'log' && (items.length === 1 || items.length === 2))
      addKey(policy.logs, { key: await readKey(items[0]) });
    else if (word === 'witness' && (items.length === 2 || items.length === 3)) {
      const key = await readKey(items[1]);
      if (key.type === 1) throw new NotVerified('policy: a witness key is a cosignature key');
      addKey(policy.witnesses, { name: items[0], key });
      define(items[0], (cosigned) => cosigned.has(items[0]));
    } else if (word === 'group' && items.length >= 3) {
      const members = items.slice(2).map(take);
      const threshold = thresholdOf(items[1], members.length);
      define(items[0], (cosigned) => members.filter((met) => met(cosigned)).length >= threshold);
    } else if (word === 'quorum' && items.length === 1 && !policy.quorum && defined.has(items[0]))
      policy.quorum = defined.get(items[0]);
    else throw new NotVerified(`policy: line "${line.slice(0, 60)}"`);
  }
  if (!policy.quorum) throw new NotVerified('policy: no quorum');
  return policy;
}

/** Verifies a tlog-proof: the leaf is in a tree that the log signed and the quorum cosigned. */
async function verifyProof(bytes, leaf_hash, policy) {
  const text = decode(bytes, 'receipt');
  const blank = text.indexOf('\n\n');
  if (blank < 0) throw new NotVerified('receipt: no blank line before the checkpoint');
  const lines = text.slice(0, blank).split('\n');
  if (lines.shift() !== 'c2sp.org/tlog-proof@v1') throw new NotVerified('receipt: first line');
  if (lines[0]?.startsWith('extra ')) {
    if (fromBase64(lines.shift().slice(6)).length === 0) throw new NotVerified('receipt: extra');
  }
  const index_line = lines.shift() ?? '';
  if (!index_line.startsWith('index ') || lines.length > 63)
    throw new NotVerified('receipt: index line or too many hashes');
  const index = decimal(index_line.slice(6));
  const proof = lines.map(readHash);
  const checkpoint = await openCheckpoint(text_encoder.encode(text.slice(blank + 2)), policy);
  const root = await rootOf({ index, size: checkpoint.size, leaf_hash, proof });
  if (!equal(root, checkpoint.root)) throw new NotVerified('the proof does not lead to the signed root');
  return { ...checkpoint, index };
}

/** RFC 9162 §2.1.3.2. */
async function rootOf({ index, size, leaf_hash, proof }) {
  if (index >= size) throw new NotVerified('the tree has no such leaf');
  let node = index;
  let last = size - 1n;
  let root = leaf_hash;
  for (const sibling of proof) {
    if (last === 0n) throw new NotVerified('the proof is too long');
    if (node % 2n === 1n || node === last) {
      root = await hashOf(Uint8Array.of(1), sibling, root);
      while (node % 2n === 0n && node !== 0n) {
        node /= 2n;
        last /= 2n;
      }
    } else root = await hashOf(Uint8Array.of(1), root, sibling);
    node /= 2n;
    last /= 2n;
  }
  if (last !== 0n) throw new NotVerified('the proof is too short');
  return root;
}

/** The inclusion proof of a leaf, from the tiles of the tree (c2sp.org/tlog-tiles). */
async function proofFromTiles(fetchFile, leaf, size) {
  const tiles = new Map();
  const tileAt = (level, index) => {
    const width = (size >> BigInt(8 * level)) - index * 256n;
    const path = `tile/${level}/${groups(index)}${width < 256n ? `.p/${width}` : ''}`;
    if (!tiles.has(path)) tiles.set(path, fetchFile(path));
    return tiles.get(path);
  };
  const nodeHash = async (level, index) => {
    const tile_level = Math.floor(level / 8);
    const above = level % 8;
    const first = index << BigInt(above);
    const bytes = await tileAt(tile_level, first / 256n);
    const at = Number(first % 256n);
    const hashes = Array.from({ length: 1 << above }, (_, one) => bytes.slice(32 * (at + one), 32 * (at + one + 1)));
    return fold(hashes);
  };
  const treeHash = async (start, end) => {
    const level = (end - start).toString(2).length - 1;
    if (end - start === 1n << BigInt(level)) return nodeHash(level, start >> BigInt(level));
    const middle = start + splitOf(end - start);
    return hashOf(Uint8Array.of(1), await treeHash(start, middle), await treeHash(middle, end));
  };
  const path = async (start, end) => {
    if (end - start === 1n) return [];
    const middle = start + splitOf(end - start);
    return leaf < middle
      ? [...(await path(start, middle)), await treeHash(middle, end)]
      : [...(await path(middle, end)), await treeHash(start, middle)];
  };
  return path(0n, size);
}

async function fold(hashes) {
  let level = hashes;
  if (level.some((hash) => hash.length !== 32)) throw new NotVerified('a tile is too short');
  while (level.length > 1) {
    const next = [];
    for (let at = 0; at < level.length; at += 2) next.push(await hashOf(Uint8Array.of(1), level[at], level[at + 1]));
    level = next;
  }
  return level[0];
}

/** The largest power of two below `width`. */
function splitOf(width) {
  return 1n << BigInt((width - 1n).toString(2).length - 1);
}

function groups(index) {
  const digits = index.toString();
  const parts = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g);
  return parts.map((part, at) => (at < parts.length - 1 ? `x${part}` : part)).join('/');
}

/** Reads a checkpoint, verifies the log's signature and the witnesses' cosignatures, and asks the policy. */
async function openCheckpoint(bytes, policy) {
  const whole = decode(bytes, 'checkpoint');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u0009\u000b-\u001f]/.test(whole)) throw new NotVerified('checkpoint: control character');
  const blank = whole.lastIndexOf('\n\n');
  if (blank < 0 || !whole.endsWith('\n')) throw new NotVerified('checkpoint: no signatures');
  const text = whole.slice(0, blank + 1);
  const [origin, size, root, ...extensions] = text.slice(0, -1).split('\n');
  if (!origin || size === undefined || root === undefined || extensions.includes(''))
    throw new NotVerified('checkpoint: lines');
  const signatures = whole
    .slice(blank + 2, -1)
    .split('\n')
    .map(readSignature);
  const head = { origin, size: decimal(size), root: readHash(root) };
  const log_keys = policy.logs.map(({ key }) => key).filter((key) => key.name === origin);
  if (log_keys.length === 0) throw new NotVerified('checkpoint: of a log that the policy does not know');
  const signed = await verifySignatures(log_keys, signatures, text);
  if (signed.length === 0) throw new NotVerified('checkpoint: not signed by the log');
  const cosigners = [];
  for (const { name, key } of policy.witnesses) {
    const [first] = await verifySignatures([key], signatures, text);
    if (first) cosigners.push({ name, timestamp: first.timestamp });
  }
  if (!policy.quorum(new Set(cosigners.map(({ name }) => name))))
    throw new NotVerified('checkpoint: too few witnesses');
  return { ...head, cosigners };
}

/** "A bad signature from a known key" spoils the note; those of unknown keys are ignored. */
async function verifySignatures(keys, signatures, text) {
  const verified = [];
  for (const line of signatures) {
    const candidates = keys.filter((key) => key.name === line.name && key.id === line.id && key.type !== 6);
    const good = [];
    for (const key of candidates) {
      const found = await verifySignature(key, line.bytes, text);
      if (found) good.push(found);
    }
    if (candidates.length > 0 && good.length === 0)
      throw new NotVerified(`checkpoint: a false signature of ${line.name}`);
    verified.push(...good);
  }
  return verified;
}

async function verifySignature(key, bytes, text) {
  if (key.type === 1) return (await ed25519(key, bytes, text)) ? {} : undefined;
  if (bytes.length !== 72) return undefined;
  const timestamp = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
  if (timestamp > LARGEST) return undefined;
  const message = `cosignature/v1\ntime ${timestamp}\n${text}`;
  return (await ed25519(key, bytes.slice(8), message)) ? { timestamp } : undefined;
}

async function ed25519({ public_key }, signature, message) {
  if (signature.length !== 64) return false;
  const key = await crypto.subtle.importKey('raw', public_key, { name: 'Ed25519' }, false, ['verify']);
  return crypto.subtle.verify({ name: 'Ed25519' }, key, signature, text_encoder.encode(message));
}

/** A verifier key: `name+hex id+base64(type ‖ public key)`. */
async function readKey(vkey) {
  const [name, id, ...rest] = vkey.split('+');
  const material = fromBase64(rest.join('+'));
  const type = material[0];
  const lengths = { 1: 33, 4: 33, 6: 1313 };
  if (!name || !/^[0-9a-f]{8}$/.test(id ?? '') || material.length !== lengths[type])
    throw new NotVerified('policy: a key');
  const digest = await hashOf(text_encoder.encode(`${name}\n`), material);
  if (id !== hex(digest.slice(0, 4))) throw new NotVerified('policy: the id of a key');
  return { name, id: Number.parseInt(id, 16), type, public_key: material.slice(1) };
}

function addKey(list, item) {
  if (list.some(({ key }) => equal(key.public_key, item.key.public_key)))
    throw new NotVerified('policy: a key is listed twice');
  list.push(item);
}

function thresholdOf(text, members) {
  if (text === 'any') return 1;
  if (text === 'all') return members;
  const count = Number(decimal(text));
  if (count < 1 || count > members) throw new NotVerified('policy: threshold');
  return count;
}

function readSignature(line) {
  const [name, base64, ...rest] = line.startsWith('— ') ? line.slice(2).split(' ') : [];
  if (!name || base64 === undefined || rest.length > 0 || /[\p{White_Space}\p{Cc}+]/u.test(name))
    throw new NotVerified('checkpoint: a signature line');
  const bytes = fromBase64(base64);
  if (bytes.length < 5) throw new NotVerified('checkpoint: a signature line');
  return { name, id: new DataView(bytes.buffer).getUint32(0), bytes: bytes.slice(4) };
}

function readFile(bytes) {
  const value = parseObject(decode(bytes, 'file'), 'file');
  const file = isObject(value.data) ? value.data : value;
  const wrong = (name, type) => file[name] !== undefined && file[name] !== null && typeof file[name] !== type;
  const texts = ['entry', 'receipt'].some((name) => typeof file[name] !== 'string' || file[name] === '');
  const claims = ['leaf_hash', 'declaration_id'].some((name) => wrong(name, 'string'));
  const numbers = ['leaf_index', 'checkpoint_size', 'version'].some((name) => wrong(name, 'number'));
  if (texts || claims || numbers) throw new NotVerified('file: not a receipt');
  const { record } = file;
  if (record !== undefined && record !== null) {
    const complete =
      isObject(record) && [record.body, record.seed].every((one) => typeof one === 'string' && one !== '');
    if (!complete) throw new NotVerified('file: record');
  }
  return file;
}

function readEntry(text) {
  const entry = parseObject(text, 'entry');
  const texts = [entry.c, entry.h, entry.k, entry.op].every((one) => typeof one === 'string');
  if (entry.v !== 1 || !texts || !Number.isSafeInteger(entry.n)) throw new NotVerified('entry: of an unknown form');
  return entry;
}

function same(name, claimed, found) {
  if (claimed !== undefined && claimed !== null && claimed !== found)
    throw new NotVerified(`${name} is not what the file says`);
}

function parseObject(text, what) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new NotVerified(`${what}: not JSON`);
  }
  if (!isObject(value)) throw new NotVerified(`${what}: an object expected`);
  return value;
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readHash(base64) {
  const hash = fromBase64(base64);
  if (hash.length !== 32) throw new NotVerified('a hash is not 32 bytes');
  return hash;
}

function decimal(text) {
  if (!/^(0|[1-9][0-9]{0,19})$/.test(text) || BigInt(text) > LARGEST) throw new NotVerified('a number');
  return BigInt(text);
}

async function hashOf(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', whole));
}

function equal(left, right) {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function toBase64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

/** Canonical base64 only: padded, no white space, unused bits zero. */
function fromBase64(text) {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new NotVerified('base64');
  let binary;
  try {
    binary = atob(text);
  } catch {
    throw new NotVerified('base64');
  }
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  let again = '';
  for (let at = 0; at < bytes.length; at += 4096) again += String.fromCharCode(...bytes.subarray(at, at + 4096));
  if (btoa(again) !== text) throw new NotVerified('base64');
  return bytes;
}

/** A policy's octets from 0x80 on are opaque: UTF-8 where the whole is, otherwise one character each. */
function decodeOctets(bytes) {
  if (bytes.some((octet) => (octet < 0x20 && octet !== 9 && octet !== 10) || octet === 0x7f))
    throw new NotVerified('policy: control character');
  try {
    return decode(bytes, 'policy');
  } catch {
    return Array.from(bytes, (octet) => String.fromCharCode(octet)).join('');
  }
}

function decode(bytes, what) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new NotVerified(`${what}: not UTF-8`);
  }
}
