import { builtInAddresses, builtInDictionaries } from '@zdravo/country-ua';
import { openImporter, seedReferenceData } from '@zdravo/il';
import type { Logger } from '@zdravo/kit/log';

/** Fills a platform's database with the built-in dictionaries, parameters and addresses; what is there already stays. */
export async function seedPlatform(database_url: string, log: Logger): Promise<void> {
  const importer = openImporter({ database_url, log });
  try {
    await seedReferenceData(importer.db, { dictionaries: builtInDictionaries(), addresses: builtInAddresses() });
  } finally {
    await importer.close();
  }
}
