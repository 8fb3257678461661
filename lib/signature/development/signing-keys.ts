import { constants, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { oids } from '../asn1/oids.ts';
import { context, integer, nullValue, oid, sequence } from '../asn1/writer.ts';
import { type DstuKeyAlgorithm, generateDstuKey, isDstuKey, readDstuSigningKey } from './dstu-signing-keys.ts';

export type KeyAlgorithm =
  | 'ecdsa-p256'
  | 'ecdsa-p384'
  | 'rsa-2048'
  | 'rsa-3072'
  | 'rsa-pss-3072'
  | 'ed25519'
  | DstuKeyAlgorithm;

/** A private key with all that a signature says about itself. */
export type SigningKey = {
  /** PKCS#8 in PEM. */
  private_key: string;
  /** SubjectPublicKeyInfo in DER. */
  public_key: Uint8Array;
  /** AlgorithmIdentifier of its signatures, in DER. */
  signature_algorithm: Uint8Array;
  /** Object identifier of the digest that goes with it. */
  digest: string;
  sign: (message: Uint8Array) => Uint8Array;
};

export function generateSigningKey(algorithm: KeyAlgorithm = 'ecdsa-p256'): SigningKey {
  if (isDstuKey(algorithm)) return generateDstuKey(algorithm);
  return describeKey(generatePrivateKey(algorithm));
}

/** Reads a PKCS#8 private key, PEM. Throws when it is not one that signs here. */
export function readSigningKey(pem: string): SigningKey {
  return readDstuSigningKey(pem) ?? describeKey(createPrivateKey(pem));
}

function generatePrivateKey(algorithm: Exclude<KeyAlgorithm, DstuKeyAlgorithm>): KeyObject {
  switch (algorithm) {
    case 'ecdsa-p256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    case 'ecdsa-p384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
    case 'rsa-2048':
      return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    case 'rsa-3072':
      return generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey;
    case 'rsa-pss-3072':
      return generateKeyPairSync('rsa-pss', { modulusLength: 3072 }).privateKey;
    case 'ed25519':
      return generateKeyPairSync('ed25519').privateKey;
  }
}

type Scheme = { signature_algorithm: Uint8Array; digest: string; hash: string | null; pss?: boolean };

function describeKey(key: KeyObject): SigningKey {
  const { signature_algorithm, digest, hash, pss } = schemeOf(key);
  const padding = pss ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {};
  return {
    private_key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    public_key: createPublicKey(key).export({ type: 'spki', format: 'der' }),
    signature_algorithm,
    digest,
    sign: (message) => sign(hash, message, { key, ...padding }),
  };
}

function schemeOf(key: KeyObject): Scheme {
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'secp384r1') {
    return { signature_algorithm: sequence(oid(oids.ecdsa_sha384)), digest: oids.sha384, hash: 'sha384' };
  }
  if (key.asymmetricKeyType === 'ec') {
    return { signature_algorithm: sequence(oid(oids.ecdsa_sha256)), digest: oids.sha256, hash: 'sha256' };
  }
  if (key.asymmetricKeyType === 'rsa') {
    return { signature_algorithm: sequence(oid(oids.rsa_sha256), nullValue()), digest: oids.sha256, hash: 'sha256' };
  }
  if (key.asymmetricKeyType === 'rsa-pss') {
    return { signature_algorithm: pssAlgorithm(), digest: oids.sha256, hash: 'sha256', pss: true };
  }
  if (key.asymmetricKeyType === 'ed25519') {
    return { signature_algorithm: sequence(oid(oids.ed25519)), digest: oids.sha512, hash: null };
  }
  throw new Error(`A key of type ${key.asymmetricKeyType} does not sign here`);
}

/** RSASSA-PSS-params of SHA-256 with a salt of 32 bytes (RFC 4055 §3.1). */
function pssAlgorithm(): Uint8Array {
  const sha256 = sequence(oid(oids.sha256), nullValue());
  const mask = sequence(oid(oids.rsa_mgf1), sha256);
  return sequence(oid(oids.rsa_pss), sequence(context(0, sha256), context(1, mask), context(2, integer(32))));
}
