import type { IlDeps } from '../deps.ts';
import { keyedHash } from '../verifications/codes.ts';
import { contentBytes } from './compare-content.ts';

/** By what a signed content is recognised when it comes again, after its data were wiped. */
export function contentHash(deps: Pick<IlDeps, 'hash_key'>, content: Record<string, unknown>): Buffer {
  return keyedHash(deps, 'content', Buffer.from(contentBytes(content)).toString('base64'));
}
