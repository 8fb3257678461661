import type { IlDeps } from './deps.ts';
import { keyedHash } from './verifications/codes.ts';

/** Under which slots and requests know a person whom the index knows. */
export function personHashOf(deps: Pick<IlDeps, 'hash_key'>, person_id: string): Buffer {
  return keyedHash(deps, 'person', person_id);
}
