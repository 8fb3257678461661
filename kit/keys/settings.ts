import { readFile } from 'node:fs/promises';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { ConfigError } from '../config/index.ts';
import { createAwsKmsProvider, type KmsCredentials } from './aws-kms.ts';
import { createFileKeyProvider } from './file-provider.ts';
import type { KeyProvider } from './provider.ts';
import { createOpeningKeyProvider, createSealingKeyProvider } from './sealing-provider.ts';
import { createKeySuccession } from './succession.ts';
import { createVaultTransitProvider } from './vault-transit.ts';

const text = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));
const Url = (description: string) => Type.Optional(Type.String({ pattern: '^https?://', description }));

/** Which key provider a process uses, for its own settings to include. Each module has keys of its own there. */
export const KeySettings = {
  ZDRAVO_KEYS: Type.String({
    default: 'file',
    pattern: '^(file|vault|aws-kms)(,(file|vault|aws-kms)){0,2}$',
    description: 'file, vault or aws-kms; while moving from one to another both, the new one first: vault,file',
  }),
  ZDRAVO_KEY_PREFIX: Type.String({
    default: 'zdravo-',
    pattern: '^[A-Za-z0-9_-]*$',
    description: 'what the names of keys begin with in Vault or KMS; the module follows',
  }),
  ZDRAVO_VAULT_ADDRESS: Url('the origin of Vault or OpenBao, e.g. https://vault.example:8200'),
  ZDRAVO_VAULT_MOUNT: Type.String({ default: 'transit', description: 'where the transit engine is mounted' }),
  ZDRAVO_VAULT_NAMESPACE: text('a namespace of Vault Enterprise'),
  ZDRAVO_VAULT_TOKEN_FILE: text('the path of a file with the token; read for each request'),
  ZDRAVO_KMS_ENDPOINT: Url('the address of a KMS that is not AWS’s own'),
  ZDRAVO_KMS_REGION: text('the region of the KMS'),
  ZDRAVO_KMS_CREDENTIALS_FILE: text(
    'the path of a file {"AccessKeyId", "SecretAccessKey", "SessionToken"?}; read for each request',
  ),
};
export type KeySettings = Static<ReturnType<typeof Type.Object<typeof KeySettings>>>;

export type KeyPlace = {
  module: string;
  /** Of the file provider; it must exist. */
  key_file: string | undefined;
  /** For keys that one process seals for another: which of the two this is. A key service tells them apart by its policies. */
  side?: keyof typeof file_providers;
};

const file_providers = {
  both: createFileKeyProvider,
  seals: createSealingKeyProvider,
  opens: createOpeningKeyProvider,
};

/**
 * Opens the key provider that the settings name, for one module.
 * @throws ConfigError, KeyError, KeyServiceError: each says what to do.
 */
export async function openKeyProvider(
  settings: KeySettings,
  { module, key_file, side = 'both' }: KeyPlace,
): Promise<KeyProvider> {
  refusePlainHttp(settings);
  const kinds = [...new Set(settings.ZDRAVO_KEYS.split(','))];
  const key = { name: `${settings.ZDRAVO_KEY_PREFIX}${module}`, seals_only: side === 'seals' };
  const [first, ...others] = await Promise.all(
    kinds.map((kind) => {
      if (kind === 'vault') return openVault(settings, key);
      if (kind === 'aws-kms') return openKms(settings, key);
      if (!key_file) throw new ConfigError([`the key file of ${module} is required`]);
      return file_providers[side](key_file);
    }),
  );
  return others.length === 0 ? first! : createKeySuccession([first!, ...others]);
}

/** Tokens and keys travel there. */
function refusePlainHttp(settings: KeySettings): void {
  const names = ['ZDRAVO_VAULT_ADDRESS', 'ZDRAVO_KMS_ENDPOINT'] as const;
  const isPlain = (url: string) =>
    /^http:/.test(url) && !['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname);
  const plain = names.filter((name) => settings[name] !== undefined && isPlain(settings[name]));
  if (plain.length > 0) throw new ConfigError(plain.map((name) => `${name} must be https outside this machine`));
}

type NamedKey = { name: string; seals_only: boolean };

function openVault(settings: KeySettings, { name, seals_only }: NamedKey): Promise<KeyProvider> {
  const { ZDRAVO_VAULT_ADDRESS: endpoint, ZDRAVO_VAULT_TOKEN_FILE: file } = required(settings, 'vault', [
    'ZDRAVO_VAULT_ADDRESS',
    'ZDRAVO_VAULT_TOKEN_FILE',
  ]);
  return createVaultTransitProvider({
    endpoint,
    mount: settings.ZDRAVO_VAULT_MOUNT,
    ...(settings.ZDRAVO_VAULT_NAMESPACE ? { namespace: settings.ZDRAVO_VAULT_NAMESPACE } : {}),
    key_name: name,
    seals_only,
    token: async () => (await readSecret(file, 'ZDRAVO_VAULT_TOKEN_FILE')).trim(),
  });
}

function openKms(settings: KeySettings, { name, seals_only }: NamedKey): Promise<KeyProvider> {
  const { ZDRAVO_KMS_REGION: region, ZDRAVO_KMS_CREDENTIALS_FILE: file } = required(settings, 'aws-kms', [
    'ZDRAVO_KMS_REGION',
    'ZDRAVO_KMS_CREDENTIALS_FILE',
  ]);
  return createAwsKmsProvider({
    endpoint: settings.ZDRAVO_KMS_ENDPOINT ?? `https://kms.${region}.amazonaws.com`,
    region,
    key_id: `alias/${name}`,
    mac_key_id: `alias/${name}-mac`,
    seals_only,
    credentials: () => readCredentials(file),
  });
}

function required<Name extends keyof KeySettings>(settings: KeySettings, kind: string, names: Name[]) {
  const missing = names.filter((name) => settings[name] === undefined);
  if (missing.length > 0) throw new ConfigError(missing.map((name) => `${name} is required by ZDRAVO_KEYS=${kind}`));
  return settings as Record<Name, string>;
}

/** What the AWS command line's `credential_process` prints. */
const CredentialsFile = Type.Object({
  AccessKeyId: Type.String({ minLength: 1 }),
  SecretAccessKey: Type.String({ minLength: 1 }),
  SessionToken: Type.Optional(Type.String({ minLength: 1 })),
});

async function readCredentials(file: string): Promise<KmsCredentials> {
  const name = 'ZDRAVO_KMS_CREDENTIALS_FILE';
  const content = await readSecret(file, name);
  const found: unknown = parse(content);
  if (!Value.Check(CredentialsFile, found))
    throw new ConfigError([`${name} must name a JSON file {"AccessKeyId", "SecretAccessKey", "SessionToken"?}`]);
  const { AccessKeyId, SecretAccessKey, SessionToken } = found;
  const session = SessionToken ? { session_token: SessionToken } : {};
  return { access_key_id: AccessKeyId, secret_access_key: SecretAccessKey, ...session };
}

function parse(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

async function readSecret(path: string, name: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    throw new ConfigError([`${name} must name a file that can be read`]);
  }
}
