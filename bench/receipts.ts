import { generateKeyPairSync, sign, verify } from 'node:crypto';
import {
  createMemoryTileStore,
  EMPTY_TILE_EDGE,
  encodeReceipt,
  formatVerifierKey,
  generateSignerKey,
  hashLeaf,
  parsePolicy,
  parseSigner,
  proveInclusion,
  readRoot,
  SIGNATURE_TYPES,
  type Signer,
  signCheckpoint,
  type TileStore,
  verifyReceipt,
  writeTiles,
} from '@zdravo/tlog';

const sizes = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];
const chunk = 65_536;
const round_us = 2_000_000;

type Result = { figures: Record<string, number>; ratios: Record<string, number> };

/**
 * Proof growth from 10^3 to 10^7 leaves: bytes of a receipt with three cosignatures, hashes in its proof, milliseconds to make it
 * from tiles; and receipts verified per second of processor time at the largest size. The baseline is the bare Ed25519 verification
 * of as many signatures (the log's and the quorum's) in the same run.
 */
export async function run(): Promise<Result> {
  const tiles = createMemoryTileStore();
  const figures: Record<string, number> = {};
  const keys = makeKeys();
  let edge = EMPTY_TILE_EDGE;
  let last: Awaited<ReturnType<typeof receiptAt>> | undefined;
  for (const size of sizes) {
    for (let at = Number(edge.size); at < size; at += chunk) {
      const leaf_hashes = Array.from({ length: Math.min(chunk, size - at) }, (_, more) => leafAt(at + more));
      edge = await writeTiles(tiles, { edge, leaf_hashes });
    }
    last = await receiptAt(tiles, size, keys);
    const power = Math.round(Math.log10(size));
    figures[`proof_hashes_1e${power}`] = last.hashes;
    figures[`receipt_bytes_1e${power}`] = last.receipt.length;
    figures[`prove_ms_1e${power}`] = last.prove_ms;
  }
  const { receipt, leaf_hash } = last!;
  const verified_per_s = rateOf(() => void verifyReceipt({ receipt, leaf_hash, policy: keys.policy }));
  const signatures = keys.signers.length;
  const bare = bareVerifier();
  const bare_per_s = rateOf(() => {
    for (let one = 0; one < signatures; one++) bare();
  });
  return {
    figures: { ...figures, verified_per_s, bare_per_s },
    ratios: { verified_to_bare: verified_per_s / bare_per_s },
  };
}

function leafAt(index: number): Uint8Array {
  return hashLeaf(Buffer.from(`entry ${index}`));
}

function makeKeys() {
  const make = (name: string, type: number) => parseSigner(generateSignerKey({ name, type: type as never }));
  const log = make('log.example/bench', SIGNATURE_TYPES.ed25519);
  const witnesses = ['one', 'two', 'three'].map((name) =>
    make(`${name}.witness.example`, SIGNATURE_TYPES.ed25519_cosignature),
  );
  const lines = [
    `log ${formatVerifierKey(log.key)}`,
    ...witnesses.map(({ key }, at) => `witness w${at} ${formatVerifierKey(key)}`),
    'group all 2 w0 w1 w2',
    'quorum all',
  ];
  return { signers: [log, ...witnesses], policy: parsePolicy(Buffer.from(`${lines.join('\n')}\n`)) };
}

/** The receipt of a leaf in the middle, which has the longest proof or nearly so. */
async function receiptAt(tiles: TileStore, size: number, { signers }: { signers: readonly Signer[] }) {
  const index = BigInt(Math.floor(size / 3));
  const root = await readRoot({ store: tiles, size: BigInt(size) });
  const checkpoint = await signCheckpoint({
    checkpoint: { origin: signers[0]!.key.name, size: BigInt(size), root, extensions: [] },
    signers,
    timestamp: BigInt(Math.floor(Date.now() / 1000)),
  });
  const began = performance.now();
  const proof = await proveInclusion({ store: tiles, size: BigInt(size), index });
  const prove_ms = performance.now() - began;
  const receipt = encodeReceipt({ index, proof, checkpoint });
  return { receipt, leaf_hash: leafAt(Number(index)), hashes: proof.length, prove_ms };
}

function bareVerifier(): () => void {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const message = Buffer.alloc(200, 'm');
  const signature = sign(null, message, privateKey);
  return () => {
    if (!verify(null, message, publicKey, signature)) throw new Error('A true signature was refused.');
  };
}

/** Per second of processor time: what else the machine does is not counted. */
function rateOf(work: () => void): number {
  const began = process.cpuUsage();
  const used_us = () => {
    const { user, system } = process.cpuUsage(began);
    return user + system;
  };
  let count = 0;
  while (used_us() < round_us) {
    for (let at = 0; at < 50; at++) work();
    count += 50;
  }
  return count / (used_us() / 1e6);
}
