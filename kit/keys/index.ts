export { type AwsKmsOptions, createAwsKmsProvider, type KmsCredentials } from './aws-kms.ts';
export { openEnvelope, sealEnvelope } from './envelope.ts';
export { createFileKeyProvider } from './file-provider.ts';
export {
  createKeyFile,
  createSecretFile,
  lost_key_hint,
  publishKeyFile,
  putInPlace,
  rotateKeyFile,
} from './key-file.ts';
export { keyMigrations } from './migrations.ts';
export { type KeyContext, KeyError, type KeyProvider, KeyServiceError, type WrappedKey } from './provider.ts';
export { fewRandomBytes } from './random.ts';
export { type RewrapOptions, type Rewrapped, rewrapJob } from './rewrap.ts';
export { createOpeningKeyProvider, createSealingKeyProvider } from './sealing-provider.ts';
export { KeySettings, openKeyProvider } from './settings.ts';
export { createKeyStore, type KeyScope, type KeyStore } from './store.ts';
export { createKeySuccession } from './succession.ts';
export { createVaultTransitProvider, type VaultTransitOptions } from './vault-transit.ts';
