import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The project's version, however the program was started. */
export async function projectVersion(): Promise<string> {
  const text = await readFile(join(import.meta.dirname, '..', 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
