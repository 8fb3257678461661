export { freePort } from './free-port.ts';
export { type RunningPostgres, startPostgres } from './postgres.ts';
export { createTestDatabase, type TestDatabase, withClient } from './test-database.ts';
export { testLogger } from './test-logger.ts';
