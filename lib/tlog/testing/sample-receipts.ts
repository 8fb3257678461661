import { createHash } from 'node:crypto';
import { encodeBase64, encodeUtf8 } from '../bytes.ts';
import { canonicalJson } from '../canonical-json.ts';
import { EMPTY_BUNDLE_EDGE, writeBundles } from '../entry-bundles.ts';
import { hashLeaf } from '../hashing.ts';
import { formatVerifierKey } from '../keys.ts';
import { createMemoryTileStore } from '../memory-stores.ts';
import { encodeReceipt } from '../receipts.ts';
import { signCheckpoint } from '../signed-checkpoints.ts';
import type { TileStore } from '../stores.ts';
import { proveInclusion, readRoot } from '../tile-hashes.ts';
import { EMPTY_TILE_EDGE, writeTiles } from '../tiles.ts';
import { log_signer, ORIGIN, sampleSigner } from './sample-log.ts';

/** A log of `size` records with receipts as the platform's API gives them. */
export type SampleReceipts = {
  tiles: TileStore;
  checkpoint: Uint8Array;
  policy: Uint8Array;
  /** The file for one leaf, as an object to be altered at will. */
  fileOf(index: number): Promise<Record<string, unknown>>;
};

const witnesses = ['one.example', 'two.example', 'three.example'].map((name) => sampleSigner(name));

/** `cosigners` of the three witnesses have cosigned; the policy asks for two. */
export function sampleReceipts(size: number, cosigners = 2): Promise<SampleReceipts> {
  return receiptsOf(
    Array.from({ length: size }, (_, index) => recordOf(index)),
    cosigners,
  );
}

/** The receipt of a published document, as it is published beside it. */
export async function samplePublication(document: Uint8Array) {
  const c = createHash('sha256').update('zdravo-publication/v1\n').update(document).digest('base64');
  const entry = textOf({ c, h: 'handle', k: 'publication', n: 1, op: 'publish', v: 1 });
  const { fileOf, policy } = await receiptsOf([{ entry }], 2);
  return { receipt: await fileOf(0), policy };
}

type SampleRecord = { entry: string; body?: string; seed?: string };

async function receiptsOf(records: readonly SampleRecord[], cosigners: number): Promise<SampleReceipts> {
  const size = records.length;
  const entries = records.map(({ entry }) => encodeUtf8(entry));
  const tiles = createMemoryTileStore();
  await writeTiles(tiles, { edge: EMPTY_TILE_EDGE, leaf_hashes: entries.map(hashLeaf) });
  await writeBundles(tiles, { edge: EMPTY_BUNDLE_EDGE, entries });
  const root = await readRoot({ store: tiles, size: BigInt(size) });
  const checkpoint = await signCheckpoint({
    checkpoint: { origin: ORIGIN, size: BigInt(size), root, extensions: [] },
    signers: [log_signer, ...witnesses.slice(0, cosigners)],
    timestamp: 1_700_000_000n,
  });
  return {
    tiles,
    checkpoint,
    policy: encodeUtf8(samplePolicyText()),
    fileOf: async (index) => {
      const { body, seed, entry } = records[index]!;
      const proof = await proveInclusion({ store: tiles, size: BigInt(size), index: BigInt(index) });
      return {
        ...(body === undefined ? {} : { declaration_id: `record-${index}`, record: { body, seed } }),
        version: 1,
        entry,
        leaf_hash: Buffer.from(hashLeaf(encodeUtf8(entry))).toString('hex'),
        leaf_index: index,
        checkpoint_size: size,
        receipt: Buffer.from(encodeReceipt({ index: BigInt(index), proof, checkpoint })).toString(),
      };
    },
  };
}

function samplePolicyText(): string {
  const names = ['one', 'two', 'three'];
  const lines = witnesses.map(({ key }, at) => `witness ${names[at]} ${formatVerifierKey(key)} https://${key.name}`);
  return [
    `log ${formatVerifierKey(log_signer.key)}`,
    ...lines,
    `group all 2 ${names.join(' ')}`,
    'quorum all',
    '',
  ].join('\n');
}

function recordOf(index: number): SampleRecord {
  const body = textOf({ id: `record-${index}`, version: 1, op: 'create', note: 'запис' });
  const seed = createHash('sha256').update(`seed ${index}`).digest();
  const c = createHash('sha256').update('zdravo-version/v1\n').update(seed).update(body).digest();
  const entry = textOf({ c: encodeBase64(c), h: `handle ${index}`, k: 'declaration', n: 1, op: 'create', v: 1 });
  return { body, seed: encodeBase64(seed), entry };
}

function textOf(value: Parameters<typeof canonicalJson>[0]): string {
  return Buffer.from(canonicalJson(value)).toString();
}
