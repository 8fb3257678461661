import { createHmac, hash, randomBytes } from 'node:crypto';
import { openWithin, sealWithin } from './sealing.ts';
import { type Answered, type Asked, type ServedAnswers, serveAnswers } from './served-answers.ts';

export type KmsSecrets = { AccessKeyId: string; SecretAccessKey: string; SessionToken?: string };

/**
 * Stands in for AWS KMS in tests: it verifies Signature Version 4 of every request (key, time, region, service, signed
 * headers, body, session token), keeps aliases, states and ciphertexts that name their key, binds the encryption context
 * and really encrypts. Error types are those of the KMS API reference.
 */
export type KmsStandIn = ServedAnswers & {
  region: string;
  /** What the caller must present; `renewSecrets` makes new ones. */
  secrets(): KmsSecrets;
  renewSecrets(): KmsSecrets;
  /** A new key of the kind, to which the alias points from then on. @returns its ARN. */
  pointAlias(alias: string, kind: 'SYMMETRIC_DEFAULT' | 'HMAC_256'): string;
  setState(arn: string, state: 'Enabled' | 'Disabled' | 'PendingDeletion'): void;
  deleteKey(arn: string): void;
};

type Key = { arn: string; kind: string; state: string; bytes: Buffer };
type Body = Record<string, unknown>;
type State = { secrets: KmsSecrets; region: string; keys: Map<string, Key>; aliases: Map<string, string>; now(): Date };

/** @param now the service's clock, by which requests grow old. */
export async function startKmsStandIn(now: () => Date = () => new Date()): Promise<KmsStandIn> {
  const state: State = { secrets: newSecrets(), region: 'eu-test-1', keys: new Map(), aliases: new Map(), now };
  const served = await serveAnswers((asked) => answer(state, asked));
  return {
    ...served,
    region: state.region,
    secrets: () => state.secrets,
    renewSecrets: () => {
      state.secrets = newSecrets();
      return state.secrets;
    },
    pointAlias: (alias, kind) => {
      const arn = `arn:aws:kms:${state.region}:111122223333:key/${randomBytes(8).toString('hex')}`;
      state.keys.set(arn, { arn, kind, state: 'Enabled', bytes: randomBytes(32) });
      state.aliases.set(`alias/${alias}`, arn);
      return arn;
    },
    setState: (arn, named) => {
      state.keys.get(arn)!.state = named;
    },
    deleteKey: (arn) => void state.keys.delete(arn),
  };
}

const failed = (type: string): Answered => ({ status: 400, body: { __type: `com.amazonaws.kms#${type}` } });
const ok = (body: Body): Answered => ({ status: 200, body });

function answer(state: State, asked: Asked): Answered {
  const refusal = refusalOfSignature(state, asked);
  if (refusal) return failed(refusal);
  if (asked.method !== 'POST' || asked.headers['content-type'] !== 'application/x-amz-json-1.1')
    return failed('UnknownOperationException');
  const body = JSON.parse(asked.text) as Body;
  const named = String(body['KeyId']);
  const key = state.keys.get(state.aliases.get(named) ?? named);
  if (!key) return failed('NotFoundException');
  const operation = String(asked.headers['x-amz-target']);
  if (operation === 'TrentService.DescribeKey') return describe(key);
  if (key.state !== 'Enabled')
    return failed(key.state === 'Disabled' ? 'DisabledException' : 'KMSInvalidStateException');
  const is_mac = operation === 'TrentService.GenerateMac';
  if (is_mac !== (key.kind === 'HMAC_256')) return failed('InvalidKeyUsageException');
  if (is_mac) return generateMac(key, body);
  if (operation === 'TrentService.Encrypt') return encrypt(key, body);
  return operation === 'TrentService.Decrypt' ? decrypt(state, key, body) : failed('UnknownOperationException');
}

function describe({ arn, kind, state }: Key): Answered {
  const KeyUsage = kind === 'HMAC_256' ? 'GENERATE_VERIFY_MAC' : 'ENCRYPT_DECRYPT';
  return ok({ KeyMetadata: { Arn: arn, KeyId: arn.split('/')[1], KeySpec: kind, KeyUsage, KeyState: state } });
}

function encrypt(key: Key, body: Body): Answered {
  const plaintext = Buffer.from(String(body['Plaintext']), 'base64');
  if (plaintext.length < 1 || plaintext.length > 4096) return failed('ValidationException');
  const sealed = sealWithin(key.bytes, plaintext, contextOf(body));
  const named = Buffer.from(key.arn);
  const CiphertextBlob = Buffer.concat([Buffer.from([named.length]), named, sealed]).toString('base64');
  return ok({ CiphertextBlob, KeyId: key.arn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' });
}

/** The ciphertext names its key; a caller who names another is told so. */
function decrypt(state: State, key: Key, body: Body): Answered {
  const blob = Buffer.from(String(body['CiphertextBlob']), 'base64');
  const end = 1 + (blob[0] ?? 0);
  const maker = state.keys.get(blob.subarray(1, end).toString());
  if (!maker) return failed('InvalidCiphertextException');
  if (maker !== key) return failed('IncorrectKeyException');
  const plaintext = openWithin(key.bytes, blob.subarray(end), contextOf(body));
  if (!plaintext) return failed('InvalidCiphertextException');
  return ok({ Plaintext: plaintext.toString('base64'), KeyId: key.arn });
}

function generateMac(key: Key, body: Body): Answered {
  if (body['MacAlgorithm'] !== 'HMAC_SHA_256') return failed('ValidationException');
  const message = Buffer.from(String(body['Message']), 'base64');
  if (message.length < 1 || message.length > 4096) return failed('ValidationException');
  return ok({ Mac: createHmac('sha256', key.bytes).update(message).digest('base64'), KeyId: key.arn });
}

function contextOf(body: Body): Buffer {
  return Buffer.from(JSON.stringify(Object.entries((body['EncryptionContext'] ?? {}) as Body).sort()));
}

const max_skew_ms = 5 * 60_000;

/**
 * Written from AWS's "Create a signed AWS API request", on purpose without the code that signs: the two must agree.
 * @returns the error type that KMS answers, or undefined.
 */
function refusalOfSignature(
  { secrets, region, now }: State,
  { method, path, headers, text }: Asked,
): string | undefined {
  const header = String(headers.authorization);
  const parts =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;
  const [, access_key_id, day = '', its_region, service, names = '', signature] = parts.exec(header) ?? [];
  if (!signature) return 'MissingAuthenticationTokenException';
  if (access_key_id !== secrets.AccessKeyId) return 'UnrecognizedClientException';
  if (headers['x-amz-security-token'] !== secrets.SessionToken) return 'UnrecognizedClientException';
  const date = String(headers['x-amz-date']);
  const due = ['host', 'x-amz-date', 'x-amz-target', 'content-type'];
  if (secrets.SessionToken) due.push('x-amz-security-token');
  const signed = names.split(';');
  if (!due.every((name) => signed.includes(name)) || signed.join() !== signed.toSorted().join())
    return 'InvalidSignatureException';
  const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(now().getTime() - at) <= max_skew_ms) || !date.startsWith(day)) return 'InvalidSignatureException';
  if (its_region !== region || service !== 'kms') return 'InvalidSignatureException';
  const lines = signed.map((name) => `${name}:${String(headers[name]).trim()}\n`).join('');
  const canonical = [method, path, '', lines, names, hash('sha256', text)].join('\n');
  const to_sign = ['AWS4-HMAC-SHA256', date, `${day}/${region}/kms/aws4_request`, hash('sha256', canonical)].join('\n');
  let key: Buffer = Buffer.from(`AWS4${secrets.SecretAccessKey}`);
  for (const step of [day, region, 'kms', 'aws4_request', to_sign])
    key = createHmac('sha256', key).update(step).digest();
  return key.toString('hex') === signature ? undefined : 'InvalidSignatureException';
}

function newSecrets(): KmsSecrets {
  return {
    AccessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
    SecretAccessKey: randomBytes(30).toString('base64'),
    SessionToken: randomBytes(40).toString('base64'),
  };
}
