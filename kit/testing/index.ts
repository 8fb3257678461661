export { findOwner, leaveDataFolder, takeDataFolder } from './data-folder.ts';
export { freePort } from './free-port.ts';
export { type KeysUnderTest, key_kinds } from './key-kinds.ts';
export { type KmsStandIn, startKmsStandIn } from './kms-stand-in.ts';
export { type RunningPostgres, startPostgres } from './postgres.ts';
export { createTestDatabase, type TestDatabase, withClient } from './test-database.ts';
export { testLogger } from './test-logger.ts';
export { startVaultStandIn, type VaultStandIn } from './vault-stand-in.ts';
