import assert from 'node:assert/strict';
import {
  createCertificateAuthority,
  createTrustStore,
  issueCertificate,
  one_signature,
  type SignaturePolicy,
  type SubIndication,
  verify,
} from '../index.ts';

export const content = new TextEncoder().encode('{"declaration":1}');
export const at = new Date();
export const days = (count: number) => new Date(at.getTime() + count * 86_400_000);
export const root = createCertificateAuthority({ name: 'Root' });
export const authority = createCertificateAuthority({ name: 'Authority', parent: root });
export const trust = createTrustStore({ anchors: [root.certificate] });
export const doctor = issueCertificate(authority, { common_name: 'Doctor', drfo: '1234567890' });
export const colleague = issueCertificate(authority, { common_name: 'Colleague', drfo: '1234567891' });
export const chain = [doctor.certificate, authority.certificate];

/** Verifies what must not pass, and for this very reason. */
export async function refused(
  container: Uint8Array,
  why: SubIndication,
  policy: SignaturePolicy = one_signature,
  store = trust,
) {
  const result = await verify(container, policy, store, { at });
  assert.equal(result.sub_indication, why, result.validation_error_message);
  assert.notEqual(result.indication, 'TOTAL_PASSED');
  assert.notEqual(result.validation_error_message, '');
  return result;
}
