import { oids } from '../asn1/oids.ts';
import { readAsn1 } from '../asn1/reader.ts';
import { fieldsOf, oidOf, tag } from '../asn1/values.ts';
import { integer, oid, sequence } from '../asn1/writer.ts';
import { writeSignedAttributes, writeSignedData } from '../cms/write-signed-data.ts';

/** The key file that `zdravo-sign` reads, opened in a browser. */
export type BrowserKeyFile = { private_key: Uint8Array<ArrayBuffer>; certificates: Uint8Array<ArrayBuffer>[] };

/** Reads a PEM key file (private key, certificate, chain). Throws an Error that says what is missing. */
export function readKeyFileInBrowser(text: string): BrowserKeyFile {
  const blocks = [...text.matchAll(/-----BEGIN ([A-Z ]+)-----([^-]+)-----END \1-----/g)];
  const of = (label: string) => blocks.filter((block) => block[1] === label).map((block) => fromBase64(block[2]!));
  const [private_key] = of('PRIVATE KEY');
  const certificates = of('CERTIFICATE');
  if (!private_key || certificates.length === 0) throw new Error('The key file holds no private key or no certificate');
  return { private_key, certificates };
}

/**
 * Signs content in a browser as CAdES B-B, attached, by WebCrypto: ECDSA P-256 with SHA-256. The key never leaves the page. For
 * development keys; a qualified key lives in a token or a cloud service, which hands over a finished container.
 */
export async function signInBrowser(
  content: Uint8Array<ArrayBuffer>,
  key_file: BrowserKeyFile,
  signing_time = new Date(),
): Promise<Uint8Array> {
  requireP256(key_file.private_key);
  const [certificate] = key_file.certificates;
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('pkcs8', key_file.private_key, algorithm, false, ['sign']);
  const attributes = writeSignedAttributes({
    content_type: oids.data,
    signing_time,
    digest: oids.sha256,
    content_digest: await sha256(content),
    certificate_digest: await sha256(certificate!),
  });
  const raw = new Uint8Array(await crypto.subtle.sign(algorithm, key, Uint8Array.from(attributes)));
  const signer = {
    certificate: certificate!,
    digest: oids.sha256,
    attributes,
    signature_algorithm: sequence(oid(oids.ecdsa_sha256)),
    // WebCrypto answers r ‖ s; CMS wants a SEQUENCE of both (RFC 5753 §7.2).
    signature: sequence(integer(raw.subarray(0, 32)), integer(raw.subarray(32))),
  };
  return writeSignedData({ content_type: oids.data, content, certificates: key_file.certificates, signers: [signer] });
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

function requireP256(pkcs8: Uint8Array): void {
  const fields = fieldsOf(readAsn1(pkcs8), 'PrivateKeyInfo');
  fields.take(tag.integer, 'version');
  const algorithm = fieldsOf(fields.take(tag.sequence, 'privateKeyAlgorithm'), 'AlgorithmIdentifier');
  const kind = oidOf(algorithm.take(tag.oid, 'algorithm'));
  const curve = kind === oids.ec_public_key ? oidOf(algorithm.take(tag.oid, 'namedCurve')) : '';
  if (curve !== oids.p256) throw new Error('Only a key of ECDSA P-256 signs in a browser');
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replace(/\s/g, '')), (character) => character.charCodeAt(0));
}
