import { access } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ConfigError } from '@zdravo/kit/config';
import { openDatabase } from '@zdravo/kit/db';

/** Whether only programs of this machine reach the host. */
export function isLoopback(host: string): boolean {
  return ['127.0.0.1', 'localhost', '::1', '[::1]'].includes(host);
}

/** The file that marks a data folder of `npm start`, whose keys and secrets serve development only. */
export const development_marker = 'development-data-folder';

/**
 * A process that others can reach does not work with what `npm start` made for this machine (deploy/README.md).
 * @param files by the setting that names them: key files and folders.
 * @throws ConfigError that names the settings.
 */
export async function refuseDevelopmentFiles(
  host: string,
  files: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  if (isLoopback(host)) return;
  const problems: string[] = [];
  for (const [setting, path] of Object.entries(files))
    if (path !== undefined && (await liesInDevelopmentFolder(resolve(path))))
      problems.push(`${setting} lies in a data folder of \`npm start\`, whose keys serve development only`);
  if (problems.length > 0) throw new ConfigError(problems);
}

async function liesInDevelopmentFolder(path: string): Promise<boolean> {
  for (let folder = path; ; folder = dirname(folder)) {
    if (await exists(join(folder, development_marker))) return true;
    if (folder === dirname(folder)) return false;
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * A public address that is not on this machine is https: tokens and personal data travel under it.
 * @throws ConfigError that names the setting.
 */
export function requireHttps(settings: Readonly<Record<string, string>>): void {
  const problems = Object.entries(settings)
    .filter(([, url]) => !url.startsWith('https://') && !isLoopback(new URL(url).hostname))
    .map(([name]) => `${name} must be https outside this machine`);
  if (problems.length > 0) throw new ConfigError(problems);
}

/**
 * Accounts of `npm start` and of the demo have addresses under `example.com`, which RFC 2606 gives to nobody.
 * @throws ConfigError when the database holds one that can still sign in.
 */
export async function refuseDevelopmentSignIns(host: string, database_url: string): Promise<void> {
  if (isLoopback(host)) return;
  const { pool, close } = openDatabase({ url: database_url, role: 'zdravo_auth', application_name: 'guard' });
  try {
    const { rowCount } = await pool.query(
      `select from auth.users where email ~* '[@.]example[.]com$' and not is_blocked limit 1`,
    );
    if (rowCount)
      throw new ConfigError(['PLATFORM_DATABASE_URL holds sign-ins of `npm start`, which serve development only']);
  } finally {
    await close();
  }
}
