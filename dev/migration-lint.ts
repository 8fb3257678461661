import { spawn } from 'node:child_process';
import { glob } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..');

export type Finding = { file: string; line: number; rule: string; message: string };

/** Rules of squawk that do not fit here, with the reason. All others hold for every migration. */
export const left_out: Record<string, string> = {
  'prefer-robust-stmts': 'each file is one transaction of the runner (kit/db/migrate.ts): none is ever half applied',
  'require-lock-timeout': 'the runner sets lock_timeout for every file',
  'require-statement-timeout': 'no statement waits long for a lock; a backfill may well take its time',
  'prefer-bigint-over-int':
    'int columns hold counts, sizes and durations with known bounds; identifiers are uuid or bigint',
  'prefer-bigint-over-smallint': 'smallint columns hold months, versions of formats and the like',
};

const before_installations = 'released before there was an installation whose tables it could have stopped';

/** Findings in released files, which cannot be edited any more. */
export const accepted: Record<string, { rules: string[]; reason: string }> = {
  'modules/il/migrations/0080_one_open_request.sql': {
    rules: ['require-concurrent-index-creation', 'require-concurrent-index-deletion'],
    reason: before_installations,
  },
  'modules/il/migrations/0081_slots_by_request.sql': {
    rules: [
      'constraint-missing-not-valid',
      'adding-serial-primary-key-field',
      'require-concurrent-index-deletion',
      'require-concurrent-index-creation',
    ],
    reason: before_installations,
  },
  'modules/mpi/migrations/0002_identity_and_index_keys.sql': {
    rules: ['ban-drop-not-null', 'constraint-missing-not-valid', 'ban-drop-table', 'adding-foreign-key-constraint'],
    reason: before_installations,
  },
  'modules/mpi/migrations/0020_linkage.sql': {
    rules: ['constraint-missing-not-valid', 'require-concurrent-index-creation'],
    reason: before_installations,
  },
  'modules/ops/migrations/0010_publication.sql': {
    rules: ['renaming-column', 'ban-drop-not-null', 'constraint-missing-not-valid', 'disallowed-unique-constraint'],
    reason: before_installations,
  },
  'modules/ops/migrations/0030_erasure_orders.sql': { rules: ['adding-required-field'], reason: before_installations },
  'modules/ops/migrations/0070_pending_heads.sql': {
    rules: ['require-concurrent-index-creation'],
    reason: before_installations,
  },
  'modules/reports/migrations/0003_statistics.sql': {
    rules: ['require-concurrent-index-creation'],
    reason: before_installations,
  },
};

/** Every migration of the project. */
export async function listMigrations(): Promise<string[]> {
  const files: string[] = [];
  for await (const file of glob('{modules,kit}/*/{migrations,key-migrations}/*.sql', { cwd: root }))
    files.push(join(root, file));
  return files.sort();
}

/** What squawk finds in migrations of PostgreSQL 15 that run in a transaction each. @throws Error when it does not run. */
export async function lintMigrations(files: readonly string[]): Promise<Finding[]> {
  const program = createRequire(import.meta.url).resolve('squawk-cli/js/bin/squawk');
  const flags = ['--reporter=json', '--pg-version=15', '--assume-in-transaction'];
  const output = await run([program, ...flags, `--exclude=${Object.keys(left_out).join(',')}`, ...files]);
  const found = JSON.parse(output) as { file: string; line: number; rule_name: string; message: string }[];
  return found.map(({ file, line, rule_name, message }) => ({ file, line: line + 1, rule: rule_name, message }));
}

/** squawk ends with 1 when it finds something; only unreadable output is a failure. */
function run(args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk;
    });
    child.once('error', reject);
    child.once('exit', () => resolve(output));
  });
}
