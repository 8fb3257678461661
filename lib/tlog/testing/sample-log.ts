import { encodeUtf8 } from '../bytes.ts';
import { appendLeaves, EMPTY_FRONTIER, frontierRoot } from '../frontier.ts';
import { createSigner, formatVerifierKey, type Signer } from '../keys.ts';
import { type Policy, parsePolicy } from '../policies.ts';
import { SIGNATURE_TYPES, type SignatureType } from '../signature-types.ts';
import { signCheckpoint } from '../signed-checkpoints.ts';
import { leavesUpTo } from './reference-tree.ts';

export const ORIGIN = 'log.example/records';

/** A key that is the same in every run: never to be used outside of tests. */
export function sampleSigner(name: string, type: SignatureType = SIGNATURE_TYPES.ed25519_cosignature): Signer {
  const seed = new Uint8Array(32).fill(0).map((_, at) => name.charCodeAt(at % name.length) ^ at);
  return createSigner({ name, type, seed });
}

export const log_signer: Signer = sampleSigner(ORIGIN, SIGNATURE_TYPES.ed25519);

/** The root of the sample log at a size. */
export function sampleRoot(size: number): Uint8Array {
  return frontierRoot(appendLeaves(EMPTY_FRONTIER, leavesUpTo(size)));
}

/** A checkpoint of the sample log, signed by the log and cosigned by these. */
export function sampleCheckpoint(size: number, cosigners: readonly Signer[] = []): Promise<Uint8Array> {
  return signCheckpoint({
    checkpoint: { origin: ORIGIN, size: BigInt(size), root: sampleRoot(size), extensions: [] },
    signers: [log_signer, ...cosigners],
    timestamp: 1_700_000_000n,
  });
}

/** A policy that believes the sample log when `threshold` of the witnesses cosigned. */
export function samplePolicy(witnesses: readonly { signer: Signer; url?: string }[], threshold: number): Policy {
  const names = witnesses.map((_, at) => `w${at}`);
  const lines = [
    `log ${formatVerifierKey(log_signer.key)}`,
    ...witnesses.map(({ signer, url }, at) => `witness w${at} ${formatVerifierKey(signer.key)} ${url ?? ''}`),
    `group quorum-group ${threshold} ${names.join(' ')}`,
    'quorum quorum-group',
  ];
  return parsePolicy(encodeUtf8(`${lines.join('\n')}\n`));
}
