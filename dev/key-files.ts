import { randomUUID } from 'node:crypto';
import { access, copyFile, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  createKeyFile,
  type KeyProvider,
  openKeyProvider,
  publishKeyFile,
  putInPlace,
  rotateKeyFile,
} from '@zdravo/kit/keys';
import type { Settings } from './settings.ts';

/** The keys of a module where `ZDRAVO_KEYS` says; on a developer's machine in a file, made on first use. */
export async function keyProvider(settings: Settings, module: string): Promise<KeyProvider> {
  const key_file = await keyFile(settings, module);
  if (settings.ZDRAVO_KEYS === 'file') await createKeyFile(key_file);
  return openKeyProvider(settings, { module, key_file });
}

/**
 * The same for a process that shared the keys of `origin` on this machine: it starts with those, so that it opens what they
 * sealed, and seals under a generation of its own. The job that rewraps keys brings the rest over.
 */
export async function ownKeyProvider(settings: Settings, module: string, origin: string): Promise<KeyProvider> {
  const [path, shared] = [await keyFile(settings, module), await keyFile(settings, origin)];
  if (!(await isThere(path)) && (await isThere(shared))) {
    const unfinished = `${path}.${randomUUID()}`;
    await copyFile(shared, unfinished);
    await rotateKeyFile(unfinished);
    await putInPlace(unfinished, path);
  }
  return keyProvider(settings, module);
}

/** Both sides of keys that one process seals for another; `npm start` has both in one process, each for its own part. */
export async function keysBetween(
  settings: Settings,
  module: string,
): Promise<{ seals: KeyProvider; opens: KeyProvider }> {
  const [key_file, public_file] = [await keyFile(settings, module), await keyFile(settings, `${module}.public`)];
  if (settings.ZDRAVO_KEYS.includes('file')) {
    await createKeyFile(key_file);
    await publishKeyFile(key_file, public_file);
  }
  return {
    seals: await openKeyProvider(settings, { module, key_file: public_file, side: 'seals' }),
    opens: await openKeyProvider(settings, { module, key_file, side: 'opens' }),
  };
}

async function keyFile(settings: Settings, module: string): Promise<string> {
  const folder = join(resolve(settings.ZDRAVO_DATA), 'keys');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return join(folder, `${module}.json`);
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
