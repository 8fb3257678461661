import { assertContextBound } from './context-bound.ts';
import {
  createKeyService,
  type KeyAnswer,
  type KeyServiceOptions,
  memberOf,
  refused,
  textOf,
  unavailable,
} from './key-service.ts';
import { type KeyContext, KeyError, type KeyProvider, type WrappedKey } from './provider.ts';

export type VaultTransitOptions = KeyServiceOptions & {
  /** Origin of Vault or OpenBao, e.g. `https://vault.example:8200`. */
  endpoint: string;
  /** Where the transit engine is mounted; `transit` unless set. */
  mount?: string;
  namespace?: string;
  /** Name of the transit key; of a type with associated data (`aes256-gcm96`). */
  key_name: string;
  /** Asked for each request, so that a renewed token is used at once. */
  token: () => string | Promise<string>;
};

/**
 * Keys in HashiCorp Vault's transit engine (or OpenBao's), API v1. The key never leaves it; the context of a wrapped key
 * is its associated data, and a Vault too old to bind that (before 1.13) is refused at start. A generation is a version
 * of the transit key; `vault write -f transit/keys/NAME/rotate` adds one.
 */
export async function createVaultTransitProvider(options: VaultTransitOptions): Promise<KeyProvider> {
  const call = vaultCall(options);
  const { key_name } = options;
  const readVersion = async () => versionOf(await call('GET', `keys/${key_name}`));
  let current = await readVersion();
  const provider: KeyProvider = {
    is_remote: true,
    current_key_id: () => current,
    refresh: async () => {
      current = await readVersion();
    },
    wrap: async (data_key, context) => {
      const body = { plaintext: base64(data_key), associated_data: associated(context) };
      const ciphertext = textOf(await call('POST', `encrypt/${key_name}`, body), 'ciphertext');
      return { key_id: generationOf(ciphertext), bytes: Buffer.from(ciphertext, 'latin1') };
    },
    unwrap: async (wrapped, context) => {
      const body = { ciphertext: ciphertextOf(wrapped), associated_data: associated(context) };
      return Buffer.from(textOf(await call('POST', `decrypt/${key_name}`, body), 'plaintext'), 'base64');
    },
    derive: async (purpose, key_id = current) => {
      const key_version = key_id === '1' ? 1 : readGeneration(key_id);
      const body = { input: base64(Buffer.from(`zdravo derive ${purpose}`)), key_version };
      const mac = textOf(await call('POST', `hmac/${key_name}/sha2-256`, body), 'hmac');
      if (!mac.startsWith(`vault:v${key_version}:`))
        throw unavailable('Its MAC is not of the version that was asked for.');
      return Buffer.from(mac.slice(mac.lastIndexOf(':') + 1), 'base64');
    },
  };
  if (!options.seals_only) await assertContextBound(provider, 'Vault 1.13 or newer, or OpenBao, binds it.');
  return provider;
}

function vaultCall({ endpoint, mount = 'transit', namespace, token, key_name, ...limits }: VaultTransitOptions) {
  const service = createKeyService(limits);
  const base = `${endpoint.replace(/\/$/, '')}/v1/${mount}`;
  return async (method: 'GET' | 'POST', operation: string, body?: Record<string, unknown>): Promise<unknown> => {
    const answer = await service.ask(async () => ({
      url: `${base}/${operation}`,
      method,
      headers: {
        'x-vault-token': await token(),
        'x-vault-request': 'true',
        ...(namespace ? { 'x-vault-namespace': namespace } : {}),
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    }));
    if (answer.status >= 200 && answer.status < 300) return answer.body['data'];
    throw refusalOf(answer, { key_name, mount });
  };
}

type Place = { key_name: string; mount: string };

/** The words of Vault's transit engine (`sdk/helper/keysutil/policy.go`) as what an operator can do about them. */
function refusalOf({ status, body }: KeyAnswer, { key_name, mount }: Place): Error {
  const errors = memberOf(body, 'errors');
  const text = Array.isArray(errors) ? errors.join(' ') : '';
  if (status === 401 || status === 403)
    return refused(`Vault refuses the token: renew it, or let its policy use ${mount}/*/${key_name}.`);
  if (status === 404 || /encryption key not found/.test(text))
    return refused(`Vault has no key ${key_name} below ${mount}/: is it the right Vault and mount, was it restored?`);
  if (/too old|less than the minimum|disallowed by policy/.test(text))
    return new KeyError(
      'key_unknown',
      `Vault no longer lets older versions of the key ${key_name} be used.`,
      'Lower its min_decryption_version (and leave min_encryption_version at 0) until every key is wrapped anew.',
    );
  if (/too new|higher than the latest|greater than the latest|(no|not) .*version|version .*not/.test(text))
    return new KeyError(
      'key_unknown',
      `Vault does not have this version of the key ${key_name}.`,
      'It was restored from an older backup, or it is another Vault: restore a newer one.',
    );
  if (/authentication failed|invalid ciphertext|unable to decrypt|could not decode/.test(text))
    return new KeyError(
      'key_refused',
      `A wrapped key does not open under ${key_name}.`,
      'Its bytes were altered, it belongs to another owner, or this Vault holds another key of the same name.',
    );
  return refused(`Vault answered ${status}; the key ${key_name} must be of type aes256-gcm96.`);
}

function versionOf(data: unknown): string {
  const version = memberOf(data, 'latest_version');
  if (typeof version === 'number' && Number.isInteger(version)) return `vault:v${version}`;
  throw unavailable('It does not tell the version of the key: is this address a Vault?');
}

/** The ciphertext `vault:v2:…` is of generation `vault:v2`. */
function generationOf(ciphertext: string): string {
  const generation = /^(vault:v\d+):/.exec(ciphertext)?.[1];
  if (generation === undefined) throw unavailable('Its ciphertext has no version: is this address a Vault?');
  return generation;
}

/** The generation beside the bytes must be the one within: it is what rotation goes by. */
function ciphertextOf({ key_id, bytes }: WrappedKey): string {
  readGeneration(key_id);
  const ciphertext = Buffer.from(bytes).toString('latin1');
  if (ciphertext.startsWith(`${key_id}:`)) return ciphertext;
  throw new KeyError(
    'key_refused',
    `A wrapped key recorded as of generation ${key_id} is of another.`,
    'Its row was altered; compare with a backup of the key database.',
  );
}

function readGeneration(key_id: string): number {
  if (/^vault:v[1-9]\d{0,8}$/.test(key_id)) return Number(key_id.slice('vault:v'.length));
  throw new KeyError(
    'key_unknown',
    `A key is of generation ${key_id}, which is none of Vault's.`,
    'If another key provider made it, name that one too, after Vault (ZDRAVO_KEYS=vault,file).',
  );
}

function associated(context: KeyContext): string {
  return base64(Buffer.from(JSON.stringify([context.module, context.purpose, context.owner_id])));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
