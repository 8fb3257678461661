import { oids } from '../asn1/oids.ts';
import { type DstuPublicKey, verifyDstu } from '../dstu/dstu4145.ts';
import { readDstuKey } from '../dstu/keys.ts';
import type { SubjectPublicKey } from '../x509/certificate.ts';
import { digest } from './digests.ts';
import type { SignatureOutcome, SignedMessage } from './verify-signature.ts';

const kupyna_signature = '1.2.804.2.1.1.1.1.3.6';

/** Signature algorithm → digest; authorities write the Kupyna ones with and without the mark of the polynomial basis. */
const digests: Record<string, string> = {
  [oids.dstu4145_gost34311]: oids.gost34311,
  [`${kupyna_signature}.1`]: oids.kupyna256,
  [`${kupyna_signature}.1.1`]: oids.kupyna256,
  [`${kupyna_signature}.2`]: oids.kupyna384,
  [`${kupyna_signature}.2.1`]: oids.kupyna384,
  [`${kupyna_signature}.3`]: oids.kupyna512,
  [`${kupyna_signature}.3.1`]: oids.kupyna512,
};

const keys = new WeakMap<SubjectPublicKey, DstuPublicKey | string>();

/** DSTU 4145-2002 with GOST 34.311-95 or Kupyna, over the accepted named curves. */
export function verifyDstuSignature(signed: SignedMessage): SignatureOutcome {
  const algorithm = digests[signed.algorithm.oid];
  if (!algorithm) return { outcome: 'refused', reason: `Signature algorithm ${signed.algorithm.oid} is not accepted` };
  if (signed.digest_algorithm !== undefined && signed.digest_algorithm !== algorithm) {
    return { outcome: 'refused', reason: 'Digest and signature algorithm name different hashes' };
  }
  const key = findKey(signed.key);
  if (typeof key === 'string') return { outcome: 'refused', reason: key };
  const valid = verifyDstu(key, digest(algorithm, signed.message)!, withoutWrapper(signed.signature));
  return { outcome: valid ? 'valid' : 'invalid', reason: valid ? '' : 'The signature does not match the signed data' };
}

function findKey(public_key: SubjectPublicKey): DstuPublicKey | string {
  const known = keys.get(public_key);
  if (known !== undefined) return known;
  const key = readDstuKey(public_key);
  keys.set(public_key, key);
  return key;
}

/** r ‖ s stands in an OCTET STRING inside the signature's own string; some software leaves it out. */
function withoutWrapper(signature: Uint8Array): Uint8Array {
  const wrapped = signature[0] === 4 && signature[1] === signature.length - 2 && signature.length < 130;
  return wrapped ? signature.subarray(2) : signature;
}
