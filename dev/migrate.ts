import { ConfigError } from '@zdravo/kit/config';
import { migrateGiven } from './databases.ts';
import { readSettings } from './settings.ts';

// `npm run migrate`: brings the databases that `*_DATABASE_URL` name to the newest version, as the migrator's role.

try {
  const names = await migrateGiven(readSettings());
  if (names.length === 0) throw new ConfigError(['at least one *_DATABASE_URL is required']);
  console.log(`migrated: ${names.join(', ')}`);
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exitCode = 1;
}
