import { OperatorError, readConfig } from '@zdravo/kit/config';
import { KeySettings } from '@zdravo/kit/keys';
import { type Static, Type } from 'typebox';
import { StorageSettings } from './storage.ts';

const DatabaseUrl = Type.Optional(
  Type.String({
    pattern: '^postgres(ql)?://',
    description: 'the URL of a PostgreSQL database, as a role that may create tables and roles',
  }),
);

/** Whom signatures are believed from (docs/signatures.md), for `npm start` and for a platform on its own alike. */
export const trust_settings = {
  ZDRAVO_TRUST_LIST: Type.Optional(path('a national trust list: an ETSI TS 119 612 XML file')),
  ZDRAVO_TRUST_LIST_SIGNERS: Type.Optional(path('a folder of the certificates that may sign the trust list')),
  ZDRAVO_TRUST_LIST_SHA256: Type.Optional(
    Type.String({ pattern: '^[0-9a-fA-F]{64}$', description: 'the SHA-256 of the trust list, instead of its signers' }),
  ),
  ZDRAVO_TRUST_FOLDER: Type.Optional(path('a folder of trusted certificates')),
  ZDRAVO_TIME_STAMPS_URL: Type.Optional(
    Type.String({ pattern: '^https?://', description: 'the address of a time-stamp authority (RFC 3161)' }),
  ),
  ZDRAVO_REVOCATION: Type.Enum(['if_available', 'required'], { default: 'if_available' }),
};
const TrustSettings = Type.Object(trust_settings);
export type TrustSettings = Static<typeof TrustSettings>;

function path(description: string) {
  return Type.String({ minLength: 1, description });
}

/** Settings of `npm start`; without a database URL the embedded server is used for that database. */
export const Settings = Type.Object({
  ZDRAVO_PORT: Type.Integer({ minimum: 1, maximum: 65_535, default: 4000, description: 'a port number' }),
  ZDRAVO_HOST: Type.String({ default: '127.0.0.1', description: 'an address to listen on' }),
  ZDRAVO_DATA: Type.String({ default: '.zdravo', description: 'a folder' }),
  ZDRAVO_LOG: Type.Enum(['silent', 'error', 'warn', 'info', 'debug'], { default: 'warn' }),
  NODE_ENV: Type.Optional(Type.String({ description: 'production, or anything else' })),
  ...trust_settings,
  PLATFORM_DATABASE_URL: DatabaseUrl,
  IL_KEYS_DATABASE_URL: DatabaseUrl,
  MCS_KEYS_DATABASE_URL: DatabaseUrl,
  OPS_DATABASE_URL: DatabaseUrl,
  OPS_KEYS_DATABASE_URL: DatabaseUrl,
  MPI_DATABASE_URL: DatabaseUrl,
  MPI_KEYS_DATABASE_URL: DatabaseUrl,
  REPORTS_DATABASE_URL: DatabaseUrl,
  ...KeySettings,
  ...StorageSettings,
});
export type Settings = Static<typeof Settings>;

/** What other commands, tests and benches read of the environment. */
export const settings_of_commands = [
  'ZDRAVO_AUDIT_FOLDER',
  'ZDRAVO_BENCH_DATA',
  'ZDRAVO_BENCH_ROUND',
  'ZDRAVO_BENCH_SIGNATURES',
  'ZDRAVO_SCREENSHOTS',
  'ZDRAVO_TEST_LOG',
  'ZDRAVO_TEST_POSTGRES_URL',
];

/** Reads and checks the environment. @throws ConfigError that names every problem. */
export function readSettings(environment: Record<string, string | undefined> = process.env): Settings {
  const settings = readConfig(Settings, environment);
  refuseDevelopmentKeysOutside(settings);
  return settings;
}

/** `npm start` makes keys and secrets of its own, which is right on this machine only (deploy/README.md, What a process that others reach refuses). */
function refuseDevelopmentKeysOutside({ ZDRAVO_HOST }: Settings): void {
  if (['127.0.0.1', 'localhost', '::1'].includes(ZDRAVO_HOST)) return;
  throw new OperatorError(
    `npm start works with development keys and does not listen on ${ZDRAVO_HOST}; only on the loopback address.`,
  );
}

/** In production nothing that this machine made for itself is trusted. */
export function isProduction({ NODE_ENV }: Pick<Settings, 'NODE_ENV'>): boolean {
  return NODE_ENV === 'production';
}

/** The settings that put a part of the platform's data outside its folder. */
export function elsewhere(settings: Settings): string[] {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  const names = given.map(([name]) => name).filter((name) => /_DATABASE_URL$|^ZDRAVO_S3_ENDPOINT$/.test(name));
  return settings.ZDRAVO_KEYS === 'file' ? names : [...names, 'ZDRAVO_KEYS'];
}
