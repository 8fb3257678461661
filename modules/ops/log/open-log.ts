import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecretFile } from '@zdravo/kit/keys';
import {
  createFileTileStore,
  formatVerifierKey,
  generateSignerKey,
  openFileCheckpointStore,
  parsePolicy,
  parseSigner,
  SIGNATURE_TYPES,
  type Signer,
} from '@zdravo/tlog';
import type { TransparencyLog } from './transparency-log.ts';

/**
 * A log in a folder: `log.key`, `promise.key`, `policy`, `promise-key` (the public one), `public/` (tiles, to be served as
 * they are), `checkpoints/`.
 */
export type LogFolder = TransparencyLog & {
  policy_text: Uint8Array;
  /** The verifier key of promises, a line of text to be published beside the policy. */
  promise_key_text: Uint8Array;
  close(): Promise<void>;
};

/**
 * Makes a log's folder with fresh keys unless they are there. @returns the verifier keys, to be put into policies.
 * @param origin name of the log: a schemeless URL that is the operator's own.
 */
export async function createLogFolder(folder: string, origin: string): Promise<{ log: string; promises: string }> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await createSigner(folder, 'log', origin);
  await createSigner(folder, 'promise', `${origin}/promises`);
  const [log, promises] = await Promise.all([readSigner(folder, 'log'), readSigner(folder, 'promise')]);
  const keys = { log: formatVerifierKey(log.key), promises: formatVerifierKey(promises.key) };
  await writeFile(join(folder, 'promise-key'), `${keys.promises}\n`);
  return keys;
}

function createSigner(folder: string, which: 'log' | 'promise', name: string): Promise<void> {
  return createSecretFile(
    keyPath(folder, which),
    () => `${generateSignerKey({ name, type: SIGNATURE_TYPES.ed25519 })}\n`,
  );
}

/**
 * Opens a log's folder, which this process alone may then write. Tiles may be `given` a place of their own; the signed
 * checkpoints stay here.
 * Throws `store_locked`, `policy_malformed`, `key_malformed`.
 */
export async function openLogFolder(
  folder: string,
  given: Partial<Pick<TransparencyLog, 'tiles' | 'on_published'>> = {},
): Promise<LogFolder> {
  const policy_text = await readFile(join(folder, 'policy'));
  const [log, promise_signer] = await Promise.all([readSigner(folder, 'log'), readSigner(folder, 'promise')]);
  const checkpoints = await openFileCheckpointStore(join(folder, 'checkpoints'));
  return {
    signers: [log],
    promise_signer,
    policy: parsePolicy(policy_text),
    policy_text,
    promise_key_text: Buffer.from(`${formatVerifierKey(promise_signer.key)}\n`),
    tiles: createFileTileStore(join(folder, 'public')),
    ...given,
    checkpoints,
    witness_timeout_ms: 3_000,
    close: () => checkpoints.close(),
  };
}

function keyPath(folder: string, name: 'log' | 'promise'): string {
  return join(folder, `${name}.key`);
}

async function readSigner(folder: string, name: 'log' | 'promise'): Promise<Signer> {
  return parseSigner((await readFile(keyPath(folder, name), 'utf8')).trim());
}
