import { hash } from 'node:crypto';
import {
  algorithm,
  amzDate,
  type Credentials,
  canonicalHeaders,
  scopeOf,
  sign,
  signedHeaderNames,
} from '../sigv4/index.ts';
import { assertContextBound } from './context-bound.ts';
import { createKeyService, type KeyRequest, type KeyServiceOptions, memberOf, refused, textOf } from './key-service.ts';
import { type KeyContext, KeyError, type KeyProvider } from './provider.ts';

export type KmsCredentials = Credentials & { session_token?: string };

export type AwsKmsOptions = KeyServiceOptions & {
  /** `https://kms.eu-central-1.amazonaws.com`, or another service that speaks its JSON protocol. */
  endpoint: string;
  region: string;
  /** Asked for each request, so that renewed ones are used at once. */
  credentials: () => KmsCredentials | Promise<KmsCredentials>;
  /**
   * Symmetric key that wraps, best by an alias (`alias/zdravo-mpi`). What it names is looked up at start and at each
   * `refresh`, and a wrapped key records the ARN: to rotate by hand, let the alias name a new key.
   */
  key_id: string;
  /** HMAC key (`HMAC_256`) from which blind-index and address keys are derived. It is never exchanged. */
  mac_key_id: string;
  now?: () => Date;
};

/**
 * Keys in AWS KMS (JSON protocol 1.1, `TrentService`), requests signed by Signature Version 4. The context of a wrapped
 * key is its encryption context. A generation is a KMS key, by its ARN; the yearly rotation within KMS is its own affair.
 */
export async function createAwsKmsProvider(options: AwsKmsOptions): Promise<KeyProvider> {
  const call = kmsCall(options);
  const describe = async () => describedKey(await call('DescribeKey', { KeyId: options.key_id }), options.key_id);
  let current = await describe();
  const provider: KeyProvider = {
    is_remote: true,
    current_key_id: () => current,
    refresh: async () => {
      current = await describe();
    },
    wrap: async (data_key, context) => {
      const key_id = current;
      const request = { KeyId: key_id, Plaintext: base64(data_key), EncryptionContext: encryptionContext(context) };
      const answer = await call('Encrypt', request);
      return { key_id, bytes: Buffer.from(textOf(answer, 'CiphertextBlob'), 'base64') };
    },
    unwrap: async ({ key_id, bytes }, context) => {
      assertArn(key_id);
      const request = {
        KeyId: key_id,
        CiphertextBlob: base64(bytes),
        EncryptionContext: encryptionContext(context),
      };
      return Buffer.from(textOf(await call('Decrypt', request), 'Plaintext'), 'base64');
    },
    // The HMAC key stays; a generation is told apart by its name within the message.
    derive: async (purpose, key_id = current) => {
      if (key_id !== '1') assertArn(key_id);
      const Message = base64(Buffer.from(`zdravo derive ${key_id} ${purpose}`));
      const request = { KeyId: options.mac_key_id, Message, MacAlgorithm: 'HMAC_SHA_256' };
      return Buffer.from(textOf(await call('GenerateMac', request), 'Mac'), 'base64');
    },
  };
  if (!options.seals_only) await assertContextBound(provider, 'AWS KMS binds it by EncryptionContext.');
  return provider;
}

function kmsCall(options: AwsKmsOptions) {
  const service = createKeyService(options, ({ body }) => busy.has(typeOf(body)));
  return async (operation: string, body: { KeyId: string } & Record<string, unknown>) => {
    const answer = await service.ask(() => signedCall(options, operation, JSON.stringify(body)));
    if (answer.status === 200) return answer.body;
    throw refusalOf(typeOf(answer.body), body.KeyId, answer.status);
  };
}

async function signedCall(options: AwsKmsOptions, operation: string, body: string): Promise<KeyRequest> {
  const { origin, host, pathname } = new URL(options.endpoint);
  const { access_key_id, secret_access_key, session_token } = await options.credentials();
  const amz_date = amzDate((options.now ?? (() => new Date()))());
  const plain = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-date': amz_date,
    'x-amz-target': `TrentService.${operation}`,
    ...(session_token ? { 'x-amz-security-token': session_token } : {}),
  };
  const headers = canonicalHeaders({ ...plain, host });
  const { region } = options;
  const scope = scopeOf(amz_date.slice(0, 8), region, 'kms');
  const payload_hash = hash('sha256', body);
  const input = { method: 'POST', path: pathname, query: '', headers, payload_hash, amz_date, region, service: 'kms' };
  const signature = sign(input, secret_access_key);
  const authorization = `${algorithm} Credential=${access_key_id}/${scope}, SignedHeaders=${signedHeaderNames(headers)}, Signature=${signature}`;
  return { url: `${origin}${pathname}`, headers: { ...plain, authorization }, body };
}

/** KMS throttles by 400 (API reference, "Common errors"). */
const busy = new Set(['ThrottlingException', 'LimitExceededException', 'RequestThrottled']);

/** `com.amazonaws.kms#NotFoundException` or `NotFoundException`. */
function typeOf(body: Record<string, unknown>): string {
  const type = memberOf(body, '__type');
  return typeof type === 'string' ? (type.split('#').at(-1) ?? '') : '';
}

/** KMS's error types as what an operator can do about them. Their messages name accounts and roles, so they stay out. */
function refusalOf(type: string, key_id: string, status: number): Error {
  switch (type) {
    case 'InvalidCiphertextException':
    case 'IncorrectKeyException':
      return new KeyError(
        'key_refused',
        `A wrapped key does not open under ${key_id}.`,
        'Its bytes were altered or it belongs to another owner; compare with a backup of the key database.',
      );
    case 'NotFoundException':
      return new KeyError(
        'key_unknown',
        `KMS has no key ${key_id}.`,
        'Is it the right region and account? A key deleted for good is lost with all that it wrapped.',
      );
    case 'DisabledException':
    case 'KMSInvalidStateException':
      return new KeyError(
        'key_unknown',
        `The KMS key ${key_id} is disabled or waits for its deletion.`,
        'Cancel its deletion and enable it until every key is wrapped anew.',
      );
    case 'AccessDeniedException':
      return refused(`The policy of ${key_id} must allow DescribeKey, Encrypt, Decrypt and GenerateMac.`);
    case 'InvalidSignatureException':
    case 'RequestExpired':
      return refused('KMS refuses the signature: the secret or the region is wrong, or this clock is off by minutes.');
    case 'ExpiredTokenException':
    case 'UnrecognizedClientException':
    case 'InvalidClientTokenId':
      return refused('KMS does not know the access key, or its session has expired: renew the credentials.');
    case 'InvalidKeyUsageException':
      return refused(`${key_id} is of the wrong kind: SYMMETRIC_DEFAULT wraps, HMAC_256 derives.`);
    default:
      return refused(`KMS answered ${status} ${type} for ${key_id}.`);
  }
}

function describedKey(answer: Record<string, unknown>, key_id: string): string {
  const metadata = answer['KeyMetadata'];
  const state = textOf(metadata, 'KeyState');
  if (textOf(metadata, 'KeyUsage') !== 'ENCRYPT_DECRYPT') throw refusalOf('InvalidKeyUsageException', key_id, 200);
  if (state !== 'Enabled') throw refusalOf('KMSInvalidStateException', key_id, 200);
  return textOf(metadata, 'Arn');
}

function assertArn(key_id: string): void {
  if (key_id.startsWith('arn:')) return;
  throw new KeyError(
    'key_unknown',
    `A key is of generation ${key_id}, which is none of KMS's.`,
    'If another key provider made it, name that one too, after KMS (ZDRAVO_KEYS=aws-kms,file).',
  );
}

function encryptionContext({ module, purpose, owner_id }: KeyContext): Record<string, string> {
  return { module, purpose, owner_id };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
