import type { Call } from '@zdravo/kit/http';
import type { IlDeps } from '../deps.ts';
import { waitOf } from './prefer.ts';
import { waitForReceipt } from './receipts.ts';

/** As a write answered it; a repeated signature is answered by a read, which promises nothing anew. */
type Written = { id: string; promise?: string };

/**
 * What accompanies the answer of a write that made a leaf: the log's promise, and the receipt as well when the caller
 * prefers to wait for it (`Prefer: wait=N`) and a cosigned checkpoint covered the leaf in time.
 */
export async function sealsOf(deps: IlDeps, declaration: Written, call: Call) {
  const [promise, receipt] = await Promise.all([
    declaration.promise ?? deps.promises.find(declaration.id),
    waitForReceipt(deps, declaration.id, call),
  ]);
  const urgent = { ...(promise === undefined ? {} : { promise }), ...(receipt === undefined ? {} : { receipt }) };
  return receipt === undefined ? { urgent } : { urgent, headers: preferenceApplied(call) };
}

/** Told only when it was honoured (RFC 7240 §3): the answer holds what was waited for. */
export function preferenceApplied({ headers }: Pick<Call, 'headers'>): Record<string, string> {
  const wait_ms = waitOf(headers['prefer']);
  return wait_ms === 0 ? {} : { 'preference-applied': `wait=${wait_ms / 1000}` };
}
