import type { IlDeps } from '../deps.ts';
import { phoneHash } from '../verifications/codes.ts';
import type { SignedContent } from './stored-content.ts';

/** Of the telephone that the declaration made the patient's; null where there is none, or nobody can read it any more. */
export function phoneHashOf(deps: IlDeps, content: SignedContent | undefined): Buffer | null {
  const phone = content?.person.authentication_methods[0]?.phone_number;
  return phone === undefined ? null : phoneHash(deps, phone);
}
