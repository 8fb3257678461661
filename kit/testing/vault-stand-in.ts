import { createHmac, randomBytes } from 'node:crypto';
import { openWithin, sealWithin } from './sealing.ts';
import { type Answered, type Asked, type ServedAnswers, serveAnswers } from './served-answers.ts';

/**
 * Stands in for Vault's transit engine in tests: it checks token, namespace, method, path and body of every request as
 * Vault does, and really encrypts, by versions of named keys. Texts are Vault's (`sdk/helper/keysutil/policy.go`).
 */
export type VaultStandIn = ServedAnswers & {
  token: string;
  addKey(name: string): void;
  rotate(name: string): void;
  /** As `vault write transit/keys/NAME/config min_decryption_version=…`. */
  retireBelow(name: string, version: number): void;
  /** Another key under the same name, as in a Vault that was set up anew. */
  replaceKey(name: string): void;
  /** As a restore from a backup of before the latest rotation. */
  forgetNewest(name: string): void;
  removeKey(name: string): void;
  /** The token expires; a new one is due. */
  renewToken(): string;
  /** As Vault before 1.13: `associated_data` is an unknown member and goes unseen. */
  ignoreContext(): void;
};

type Key = { versions: Buffer[]; min_decryption_version: number };
type Body = Record<string, unknown>;
type State = { token: string; namespace: string | undefined; keys: Map<string, Key>; binds: boolean };

/** @param options.keys names of the keys that exist at first. */
export async function startVaultStandIn(options: { keys: string[]; namespace?: string }): Promise<VaultStandIn> {
  const state: State = { token: newToken(), namespace: options.namespace, keys: new Map(), binds: true };
  const served = await serveAnswers((asked) => answer(state, asked));
  const keyOf = (name: string) => state.keys.get(name)!;
  const addKey = (name: string) =>
    void state.keys.set(name, { versions: [randomBytes(32)], min_decryption_version: 1 });
  options.keys.forEach(addKey);
  return {
    ...served,
    get token() {
      return state.token;
    },
    addKey,
    rotate: (name) => void keyOf(name).versions.push(randomBytes(32)),
    retireBelow: (name, version) => {
      keyOf(name).min_decryption_version = version;
    },
    replaceKey: (name) => {
      const key = keyOf(name);
      key.versions = key.versions.map(() => randomBytes(32));
    },
    forgetNewest: (name) => void keyOf(name).versions.pop(),
    removeKey: (name) => void state.keys.delete(name),
    renewToken: () => {
      state.token = newToken();
      return state.token;
    },
    ignoreContext: () => {
      state.binds = false;
    },
  };
}

const refused = (status: number, ...errors: string[]): Answered => ({ status, body: { errors } });
const data = (found: Body): Answered => ({ status: 200, body: { request_id: 'r', lease_id: '', data: found } });

function answer(state: State, { method, path, headers, text }: Asked): Answered {
  if (headers['x-vault-request'] !== 'true') return refused(400, 'missing X-Vault-Request');
  if (headers['x-vault-namespace'] !== state.namespace) return refused(403, 'permission denied');
  if (headers['x-vault-token'] !== state.token) return refused(403, 'permission denied', 'invalid token');
  const [, operation, name = ''] =
    /^\/v1\/transit\/(keys|encrypt|decrypt|hmac)\/([\w-]+)(\/sha2-256)?$/.exec(path) ?? [];
  const key = state.keys.get(name);
  if (!operation || (operation === 'keys') !== (method === 'GET')) return refused(404);
  if (!key) return operation === 'keys' ? refused(404) : refused(400, 'encryption key not found');
  if (operation === 'keys')
    return data({ name, type: 'aes256-gcm96', latest_version: key.versions.length, supports_encryption: true });
  if (headers['content-type'] !== 'application/json') return refused(400, 'no JSON');
  const body = JSON.parse(text) as Body;
  if (operation === 'encrypt') return encrypt(key, body, associated(state, body));
  if (operation === 'decrypt') return decrypt(key, body, associated(state, body));
  return mac(key, body);
}

function encrypt(key: Key, body: Body, aad: Buffer): Answered {
  const plaintext = fromBase64(body['plaintext']);
  if (!plaintext) return refused(400, 'failed to base64-decode plaintext');
  const version = key.versions.length;
  const sealed = sealWithin(key.versions.at(-1)!, plaintext, aad);
  return data({ ciphertext: `vault:v${version}:${sealed.toString('base64')}`, key_version: version });
}

function decrypt(key: Key, body: Body, aad: Buffer): Answered {
  const [, number, text] = /^vault:v(\d+):(.+)$/.exec(String(body['ciphertext'])) ?? [];
  const sealed = fromBase64(text);
  if (!number || !sealed) return refused(400, 'invalid ciphertext: no prefix');
  const version = Number(number);
  if (version > key.versions.length) return refused(400, 'invalid ciphertext: version is too new');
  if (version < key.min_decryption_version)
    return refused(400, 'ciphertext or signature version is disallowed by policy (too old)');
  const plaintext = openWithin(key.versions[version - 1]!, sealed, aad);
  return plaintext
    ? data({ plaintext: plaintext.toString('base64') })
    : refused(400, 'cipher: message authentication failed');
}

function mac(key: Key, body: Body): Answered {
  const input = fromBase64(body['input']);
  const version = Number(body['key_version'] ?? key.versions.length);
  if (!input) return refused(400, 'unable to decode input as base64');
  if (version > key.versions.length) return refused(400, 'cannot generate HMAC: version is too new');
  if (version < key.min_decryption_version)
    return refused(400, 'cannot generate HMAC: version is too old (disallowed by policy)');
  const hmac = createHmac(
    'sha256',
    createHmac('sha256', key.versions[version - 1]!)
      .update('hmac')
      .digest(),
  );
  return data({ hmac: `vault:v${version}:${hmac.update(input).digest('base64')}` });
}

function associated({ binds }: State, body: Body): Buffer {
  return (binds ? fromBase64(body['associated_data']) : undefined) ?? Buffer.alloc(0);
}

/** Strictly: Buffer.from would pass over what is no base64. */
function fromBase64(value: unknown): Buffer | undefined {
  const is_base64 =
    typeof value === 'string' && /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value);
  return is_base64 ? Buffer.from(value, 'base64') : undefined;
}

function newToken(): string {
  return `hvs.${randomBytes(18).toString('base64url')}`;
}
