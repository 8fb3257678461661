import { ConfigError } from '@zdravo/kit/config';
import { createLogger } from '@zdravo/kit/log';
import { migrateGiven } from './databases.ts';
import { describeFailure } from './failures.ts';
import { seedPlatform } from './reference-data.ts';
import { readSettings } from './settings.ts';

// `npm run migrate`: brings the databases that `*_DATABASE_URL` name to the newest version, as the migrator's role, and
// fills in the built-in dictionaries, parameters and addresses.

try {
  const settings = readSettings();
  const names = await migrateGiven(settings);
  if (names.length === 0) throw new ConfigError(['at least one *_DATABASE_URL is required']);
  if (settings.PLATFORM_DATABASE_URL !== undefined)
    await seedPlatform(settings.PLATFORM_DATABASE_URL, createLogger({ name: 'migrate', level: settings.ZDRAVO_LOG }));
  console.log(`migrated: ${names.join(', ')}`);
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 1;
}
