import { createCipheriv, createDecipheriv, createHmac, hash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { canonicalHeaders, sign } from '../blob-store/sigv4.ts';

/** A key service for tests that checks every request as the real one would. */
export type StandIn = { endpoint: string; rotate(): void; fail(status: number | undefined): void; close(): void };

type Answer = { status: number; body: unknown };
type Handle = (
  req: IncomingMessage,
  body: Record<string, string | number | Record<string, string>>,
  text: string,
) => Answer;

const refused = (status: number): Answer => ({ status, body: { errors: ['refused'] } });

/** Speaks Vault's transit API: keys by version, associated data checked, a token due. */
export async function startVault(token: string): Promise<StandIn> {
  const versions = [randomBytes(32)];
  const keyOf = (version: unknown) => versions[Number(version) - 1];
  const handle: Handle = (req, body) => {
    if (req.headers['x-vault-token'] !== token || req.headers['x-vault-request'] !== 'true') return refused(403);
    const associated = Buffer.from(String(body['associated_data'] ?? ''), 'base64');
    if (req.url === '/v1/transit/keys/zdravo')
      return { status: 200, body: { data: { latest_version: versions.length } } };
    if (req.url === '/v1/transit/encrypt/zdravo') {
      const version = body['key_version'];
      const sealed = seal(keyOf(version)!, Buffer.from(String(body['plaintext']), 'base64'), associated);
      return { status: 200, body: { data: { ciphertext: `vault:v${version}:${sealed.toString('base64')}` } } };
    }
    if (req.url === '/v1/transit/decrypt/zdravo') {
      const [, version, sealed = ''] = /^vault:v(\d+):(.+)$/.exec(String(body['ciphertext'])) ?? [];
      const plain = open(keyOf(version), Buffer.from(sealed, 'base64'), associated);
      return plain ? { status: 200, body: { data: { plaintext: plain.toString('base64') } } } : refused(400);
    }
    if (req.url !== '/v1/transit/hmac/zdravo/sha2-256') return refused(404);
    const mac = createHmac('sha256', keyOf(body['key_version'])!).update(String(body['input'])).digest('base64');
    return { status: 200, body: { data: { hmac: `vault:v${body['key_version']}:${mac}` } } };
  };
  return serve(handle, () => versions.push(randomBytes(32)));
}

/** Speaks the part of KMS's JSON protocol that is used; verifies the signature of each request. */
export async function startKms(credentials: { access_key_id: string; secret_access_key: string }): Promise<StandIn> {
  const keys = new Map([
    ['key-1', randomBytes(32)],
    ['key-2', randomBytes(32)],
    ['mac', randomBytes(32)],
  ]);
  const handle: Handle = (req, body, text) => {
    if (!isSigned(req, text, credentials)) return refused(400);
    const key = keys.get(String(body['KeyId']));
    if (!key) return refused(400);
    const associated = Buffer.from(JSON.stringify(Object.entries(body['EncryptionContext'] ?? {}).sort()));
    const operation = String(req.headers['x-amz-target']);
    if (operation === 'TrentService.Encrypt') {
      const sealed = seal(key, Buffer.from(String(body['Plaintext']), 'base64'), associated);
      return { status: 200, body: { CiphertextBlob: sealed.toString('base64'), KeyId: body['KeyId'] } };
    }
    if (operation === 'TrentService.Decrypt') {
      const plain = open(key, Buffer.from(String(body['CiphertextBlob']), 'base64'), associated);
      return plain ? { status: 200, body: { Plaintext: plain.toString('base64') } } : refused(400);
    }
    if (operation !== 'TrentService.GenerateMac' || body['MacAlgorithm'] !== 'HMAC_SHA_256') return refused(400);
    return { status: 200, body: { Mac: createHmac('sha256', key).update(String(body['Message'])).digest('base64') } };
  };
  return serve(handle, () => undefined);
}

function isSigned(
  req: IncomingMessage,
  text: string,
  credentials: { access_key_id: string; secret_access_key: string },
) {
  const parts = /Credential=([^/]+)\/\d+\/([^/]+)\/kms\/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)$/;
  const [, access_key_id, region = '', names = '', signature] = parts.exec(req.headers.authorization ?? '') ?? [];
  const headers = names.split(';').flatMap((name) => canonicalHeaders({ [name]: String(req.headers[name]) }));
  const amz_date = String(req.headers['x-amz-date']);
  const payload_hash = hash('sha256', text);
  const input = { method: 'POST', path: '/', query: '', headers, payload_hash, amz_date, region, service: 'kms' };
  const is_complete = ['host', 'x-amz-date', 'x-amz-target'].every((name) => names.split(';').includes(name));
  const expected = sign(input, credentials.secret_access_key);
  return is_complete && access_key_id === credentials.access_key_id && signature === expected;
}

async function serve(handle: Handle, rotate: () => void): Promise<StandIn> {
  let failing: number | undefined;
  const server: Server = createServer(async (req, res) => {
    const text = Buffer.concat(await Array.fromAsync(req as AsyncIterable<Buffer>)).toString();
    const answer = failing === undefined ? handle(req, text ? JSON.parse(text) : {}, text) : refused(failing);
    res.statusCode = answer.status;
    res.end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    rotate,
    fail: (status) => {
      failing = status;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function seal(key: Buffer, plaintext: Buffer, associated: Buffer): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(associated);
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

function open(key: Buffer | undefined, sealed: Buffer, associated: Buffer): Buffer | undefined {
  if (!key) return undefined;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12)).setAAD(associated);
    decipher.setAuthTag(sealed.subarray(-16));
    return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
  } catch {
    return undefined;
  }
}
