import { type Signer, signPromise } from '@zdravo/tlog';
import type { Declaration } from '../contract.ts';

/** How long the log may take until a checkpoint covers a stored version; writes are refused long before. */
export const promise_seconds = 60n;

/**
 * The log's word for the newest version of a declaration, given with the answer of a write. It is the same at every
 * repetition, for it says when the version was stored, not when it was asked.
 * @returns the signed note as text.
 */
export async function promiseOf(
  declaration: Pick<Declaration, 'leaf_hash' | 'updated_at'>,
  { origin, signer }: { origin: string; signer: Signer },
): Promise<string> {
  const stored_at = BigInt(Math.floor(Date.parse(declaration.updated_at) / 1000));
  const leaf_hash = Buffer.from(declaration.leaf_hash, 'hex');
  const note = await signPromise({ origin, leaf_hash, stored_at, deadline: stored_at + promise_seconds }, signer);
  return Buffer.from(note).toString();
}
