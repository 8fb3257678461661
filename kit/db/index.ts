export { type BinaryRows, copyRows, createBinaryRows, inLongTransaction } from './binary-copy.ts';
export { byteArray } from './byte-array.ts';
export { isUniqueViolation, retryOnConflict } from './conflicts.ts';
export { type Database, openDatabase, type Transaction, type TransactionOf } from './database.ts';
export { asModule, type ForeignTransaction, inModule } from './door.ts';
export { lockName } from './lock-name.ts';
export { type Migrations, migrate, pendingMigrations } from './migrate.ts';
export { type FewRoundTrips, inFewRoundTrips, inOneRoundTrip } from './round-trips.ts';
export { connectionUrl } from './url.ts';
