import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { oids } from '../asn1/oids.ts';
import { Asn1Error } from '../asn1/reader.ts';
import { fieldsOf, insideOf, smallIntegerOf, tag } from '../asn1/values.ts';
import { isDstu } from '../dstu/keys.ts';
import type { SubjectPublicKey } from '../x509/certificate.ts';
import { type AlgorithmIdentifier, hasNoParameters, readAlgorithm } from './algorithm-identifier.ts';
import { node_digests } from './digests.ts';
import { verifyDstuSignature } from './verify-dstu.ts';

/** `refused`: the algorithm or key is not one that this platform accepts, whatever the arithmetic says. */
export type SignatureOutcome = { outcome: 'valid' | 'invalid' | 'refused'; reason: string };

export type SignedMessage = {
  key: SubjectPublicKey;
  algorithm: AlgorithmIdentifier;
  /** Digest named beside the algorithm (CMS); must agree with the one that the algorithm implies. */
  digest_algorithm?: string;
  message: Uint8Array;
  signature: Uint8Array;
};

const valid: SignatureOutcome = { outcome: 'valid', reason: '' };
const invalid: SignatureOutcome = { outcome: 'invalid', reason: 'The signature does not match the signed data' };
const refuse = (reason: string): SignatureOutcome => ({ outcome: 'refused', reason });

const ecdsa: Record<string, string> = {
  [oids.ecdsa_sha256]: oids.sha256,
  [oids.ecdsa_sha384]: oids.sha384,
  [oids.ecdsa_sha512]: oids.sha512,
};
const rsa: Record<string, string> = {
  [oids.rsa_sha256]: oids.sha256,
  [oids.rsa_sha384]: oids.sha384,
  [oids.rsa_sha512]: oids.sha512,
};

/** Checks one signature under one public key. Never throws for hostile input. */
export function verifySignature(signed: SignedMessage): SignatureOutcome {
  const algorithm = signed.algorithm.oid;
  if (Object.hasOwn(ecdsa, algorithm)) return verifyEcdsa(signed, ecdsa[algorithm]!);
  if (Object.hasOwn(rsa, algorithm)) return verifyRsa(signed, rsa[algorithm]!);
  if (algorithm === oids.rsa && signed.digest_algorithm) return verifyRsa(signed, signed.digest_algorithm);
  if (algorithm === oids.rsa_pss) return verifyPss(signed);
  if (algorithm === oids.ed25519) return verifyEd25519(signed);
  if (isDstu(algorithm)) return verifyDstuSignature(signed);
  return refuse(`Signature algorithm ${algorithm} is not accepted`);
}

/** RFC 5754 §3: the digest of the message and the one inside the signature algorithm are the same. */
function digestsDiffer(signed: SignedMessage, implied: string): boolean {
  return signed.digest_algorithm !== undefined && signed.digest_algorithm !== implied;
}

function verifyEcdsa(signed: SignedMessage, digest: string): SignatureOutcome {
  if (digestsDiffer(signed, digest)) return refuse('Digest and signature algorithm name different hashes');
  if (!hasNoParameters(signed.algorithm)) return refuse('ECDSA takes no parameters');
  return withKey(signed.key, 'ec', (key) => verify(node_digests[digest], signed.message, key, signed.signature));
}

function verifyRsa(signed: SignedMessage, digest: string): SignatureOutcome {
  const name = node_digests[digest];
  if (!name) return refuse(`Digest ${digest} is not accepted`);
  if (digestsDiffer(signed, digest)) return refuse('Digest and signature algorithm name different hashes');
  if (!hasNoParameters(signed.algorithm)) return refuse('RSA PKCS#1 takes no parameters');
  return withKey(signed.key, 'rsa', (key) => verify(name, signed.message, key, signed.signature));
}

function verifyPss(signed: SignedMessage): SignatureOutcome {
  const parameters = readPssParameters(signed.algorithm);
  if (typeof parameters === 'string') return refuse(parameters);
  if (digestsDiffer(signed, parameters.digest)) return refuse('Digest and signature algorithm name different hashes');
  const { salt_length: saltLength, digest } = parameters;
  return withKey(signed.key, 'rsa', (key) =>
    verify(
      node_digests[digest],
      signed.message,
      { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength },
      signed.signature,
    ),
  );
}

/** RSASSA-PSS-params (RFC 4055 §3.1). The defaults are SHA-1, which is refused; both hashes must be the same. */
function readPssParameters(algorithm: AlgorithmIdentifier): { digest: string; salt_length: number } | string {
  try {
    const fields = fieldsOf(algorithm.parameters, 'RSASSA-PSS-params');
    const hash = fields.optional(0xa0);
    const mask = fields.optional(0xa1);
    const salt = fields.optional(0xa2);
    const trailer = fields.optional(0xa3);
    fields.end();
    if (!hash || !mask) return 'RSA-PSS with SHA-1 is not accepted';
    const digest = readAlgorithm(insideOf(hash, 'hashAlgorithm')).oid;
    const generator = readAlgorithm(insideOf(mask, 'maskGenAlgorithm'));
    if (generator.oid !== oids.rsa_mgf1 || !generator.parameters) return 'Unknown mask generation function';
    if (readAlgorithm(generator.parameters).oid !== digest) return 'RSA-PSS with two different hashes';
    if (!Object.hasOwn(node_digests, digest)) return `Digest ${digest} is not accepted`;
    if (trailer && smallIntegerOf(insideOf(trailer, 'trailerField')) !== 1) return 'Unknown trailer field';
    return { digest, salt_length: salt ? smallIntegerOf(insideOf(salt, 'saltLength')) : 20 };
  } catch (error) {
    if (error instanceof Asn1Error) return 'Broken RSA-PSS parameters';
    throw error;
  }
}

/** RFC 8419 §2.3: with signed attributes the digest is SHA-512; no parameters at all. */
function verifyEd25519(signed: SignedMessage): SignatureOutcome {
  if (digestsDiffer(signed, oids.sha512)) return refuse('Ed25519 goes with SHA-512');
  if (signed.algorithm.parameters) return refuse('Ed25519 takes no parameters');
  return withKey(signed.key, 'ed25519', (key) => verify(null, signed.message, key, signed.signature));
}

const keys = new WeakMap<SubjectPublicKey, KeyObject | string>();

function withKey(public_key: SubjectPublicKey, type: string, check: (key: KeyObject) => boolean): SignatureOutcome {
  let key = keys.get(public_key);
  if (key === undefined) {
    key = importKey(public_key);
    keys.set(public_key, key);
  }
  if (typeof key === 'string') return refuse(key);
  const key_type = key.asymmetricKeyType === 'rsa-pss' ? 'rsa' : key.asymmetricKeyType;
  if (key_type !== type) return refuse(`A key of type ${key.asymmetricKeyType} does not sign by ${type}`);
  try {
    return check(key) ? valid : invalid;
  } catch {
    // OpenSSL answers some impossible parameters and signatures by an error instead of "no".
    return invalid;
  }
}

/** The key, or why it is refused: RSA below 2048 bits or with a small exponent, a curve that is not a named one of ours. */
function importKey(public_key: SubjectPublicKey): KeyObject | string {
  if (public_key.algorithm.oid === oids.ec_public_key) {
    const curve = public_key.algorithm.parameters;
    if (curve?.id !== tag.oid) return 'Explicit curve parameters are not accepted';
  }
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(public_key.spki), format: 'der', type: 'spki' });
  } catch {
    return 'The public key cannot be read';
  }
  const { modulusLength, publicExponent, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (namedCurve && namedCurve !== 'prime256v1' && namedCurve !== 'secp384r1')
    return `Curve ${namedCurve} is not accepted`;
  if (modulusLength !== undefined && modulusLength < 2048) return `RSA key of ${modulusLength} bits is too short`;
  if (modulusLength !== undefined && modulusLength > 8192) return `RSA key of ${modulusLength} bits is too long`;
  if (publicExponent !== undefined && publicExponent < 65537n) return 'RSA key with a small exponent';
  return key;
}
