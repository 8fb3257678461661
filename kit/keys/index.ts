export { openEnvelope, sealEnvelope } from './envelope.ts';
export { createFileKeyProvider, createKeyFile, rotateKeyFile } from './file-provider.ts';
export { keyMigrations } from './migrations.ts';
export { type KeyContext, KeyError, type KeyProvider, type WrappedKey } from './provider.ts';
export { createKeyStore, type KeyStore } from './store.ts';
