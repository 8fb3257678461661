import { hash } from 'node:crypto';
import type { KeyContext, KeyProvider } from '@zdravo/kit/keys';
import { readEndpoint } from '../blob-store/presigner.ts';
import {
  algorithm,
  amzDate,
  type Credentials,
  canonicalHeaders,
  scopeOf,
  sign,
  signedHeaderNames,
} from '../blob-store/sigv4.ts';
import { askKeyService, textOf } from './key-service.ts';

export type AwsKmsOptions = {
  /** `https://kms.eu-central-1.amazonaws.com`, or another service that speaks its JSON protocol. */
  endpoint: string;
  region: string;
  credentials: () => Credentials;
  /** Symmetric key that wraps; to rotate by hand, name a new one: older wrapped keys name theirs. */
  key_id: string;
  /** HMAC key (`HMAC_256`) from which blind-index and address keys are derived. */
  mac_key_id: string;
  timeout_ms?: number;
  now?: () => Date;
};

/**
 * Keys in AWS KMS (JSON protocol 1.1, `TrentService`), requests signed by Signature Version 4. The context of a wrapped
 * key is its encryption context. Rotation inside KMS is invisible here; a new `key_id` makes `rewrap` wrap anew.
 */
export function createAwsKmsProvider(options: AwsKmsOptions): KeyProvider {
  const call = (operation: string, body: Record<string, unknown>) =>
    askKeyService({ ...signedCall(options, operation, JSON.stringify(body)), timeout_ms: options.timeout_ms ?? 5_000 });
  return {
    current_key_id: () => options.key_id,
    wrap: async (data_key, context) => {
      const body = {
        KeyId: options.key_id,
        Plaintext: base64(data_key),
        EncryptionContext: encryptionContext(context),
      };
      const answer = await call('Encrypt', body);
      return { key_id: options.key_id, bytes: Buffer.from(textOf(answer, 'CiphertextBlob'), 'base64') };
    },
    unwrap: async ({ key_id, bytes }, context) => {
      const body = { KeyId: key_id, CiphertextBlob: base64(bytes), EncryptionContext: encryptionContext(context) };
      return Buffer.from(textOf(await call('Decrypt', body), 'Plaintext'), 'base64');
    },
    // The HMAC key stays; a generation is told apart by its name within the message.
    derive: async (purpose, key_id = options.key_id) => {
      const Message = base64(Buffer.from(`zdravo derive ${key_id} ${purpose}`));
      const body = { KeyId: options.mac_key_id, Message, MacAlgorithm: 'HMAC_SHA_256' };
      return Buffer.from(textOf(await call('GenerateMac', body), 'Mac'), 'base64');
    },
  };
}

function signedCall(options: AwsKmsOptions, operation: string, body: string) {
  const { origin, host } = readEndpoint(options.endpoint);
  const { access_key_id, secret_access_key } = options.credentials();
  const amz_date = amzDate((options.now ?? (() => new Date()))());
  const plain = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-date': amz_date,
    'x-amz-target': `TrentService.${operation}`,
  };
  const headers = canonicalHeaders({ ...plain, host });
  const scope = scopeOf(amz_date.slice(0, 8), options.region, 'kms');
  const payload_hash = hash('sha256', body);
  const input = { method: 'POST', path: '/', query: '', headers, payload_hash, amz_date, region: options.region };
  const signature = sign({ ...input, service: 'kms' }, secret_access_key);
  const authorization = `${algorithm} Credential=${access_key_id}/${scope}, SignedHeaders=${signedHeaderNames(headers)}, Signature=${signature}`;
  return { url: `${origin}/`, headers: { ...plain, authorization }, body };
}

function encryptionContext({ module, purpose, owner_id }: KeyContext): Record<string, string> {
  return { module, purpose, owner_id };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
