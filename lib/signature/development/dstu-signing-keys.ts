import { oids } from '../asn1/oids.ts';
import { octetString, oid, sequence } from '../asn1/writer.ts';
import { digest } from '../crypto/digests.ts';
import { publicPointOf, randomScalar, signDstu } from '../dstu/dstu4145.ts';
import {
  type DstuKeyForm,
  findCurve,
  readDstuPrivateKey,
  writeDstuPrivateKey,
  writeDstuPublicKey,
} from '../dstu/keys.ts';
import { toPem } from './key-file.ts';
import type { SigningKey } from './signing-keys.ts';

/** DSTU 4145-2002 over the curve of that many bits, with GOST 34.311-95 or Kupyna-256. */
export type DstuKeyAlgorithm = 'dstu-257' | 'dstu-431' | 'dstu-257-kupyna';

const named = '1.2.804.2.1.1.1.1.3.1.1.2';

const forms: Record<DstuKeyAlgorithm, { curve: string; algorithm: string }> = {
  'dstu-257': { curve: `${named}.6`, algorithm: oids.dstu4145_gost34311 },
  'dstu-431': { curve: `${named}.9`, algorithm: oids.dstu4145_gost34311 },
  'dstu-257-kupyna': { curve: `${named}.6`, algorithm: oids.dstu4145_kupyna256 },
};

export function isDstuKey(algorithm: string): algorithm is DstuKeyAlgorithm {
  return Object.hasOwn(forms, algorithm);
}

export function generateDstuKey(algorithm: DstuKeyAlgorithm): SigningKey {
  const form = { curve: findCurve(forms[algorithm].curve)!, algorithm: forms[algorithm].algorithm };
  return describeDstuKey(form, randomScalar(form.curve));
}

/** Reads a DSTU private key in PEM; undefined when it is of another algorithm. */
export function readDstuSigningKey(pem: string): SigningKey | undefined {
  const der = Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
  const key = readDstuPrivateKey(der);
  return key && describeDstuKey(key, key.d);
}

function describeDstuKey(form: DstuKeyForm, d: bigint): SigningKey {
  const hash = form.algorithm === oids.dstu4145_gost34311 ? oids.gost34311 : oids.kupyna256;
  return {
    private_key: toPem('PRIVATE KEY', writeDstuPrivateKey(form, d)),
    public_key: writeDstuPublicKey(form, publicPointOf(form.curve, d)),
    signature_algorithm: sequence(oid(form.algorithm)),
    digest: hash,
    sign: (message) => octetString(signDstu(form.curve, d, digest(hash, message)!)),
  };
}
