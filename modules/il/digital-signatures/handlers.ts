import type { Handlers } from '@zdravo/kit/contract';
import { referenceAnswer, type SignaturePolicy } from '@zdravo/signature';
import type { IlDeps } from '../deps.ts';
import { refuseContainer, verifyContainer } from '../signed-documents.ts';
import type { contract } from './contract.ts';

/** What the reference's service accepted: any number of envelopes, one signature in each. */
const policy: SignaturePolicy = { signer_count: 1, layers: { min: 1, max: 8 }, revocation: 'if_available' };

/** The reference's digital signature service (domain.md §2.11), for staff of the payer. */
export function createHandlers(deps: IlDeps): Handlers<typeof contract> {
  return {
    verifyDigitalSignatures: async ({ body }) => {
      const { result } = await verifyContainer(deps, body.signed_content, '$.signed_content', policy);
      if (result.signatures.length === 0) refuseContainer('$.signed_content', result);
      return { data: referenceAnswer(result) };
    },
  };
}
