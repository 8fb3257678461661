import { relative } from 'node:path';
import { accepted, lintMigrations, listMigrations, root } from './migration-lint.ts';

// `node dev/check-migrations.ts`, a part of `npm run check`: DDL that would stop a running country is refused (squawk).

const findings = await lintMigrations(await listMigrations());
const excused = new Set<string>();
let refused = 0;
for (const { file, line, rule, message } of findings) {
  const path = relative(root, file);
  if (accepted[path]?.rules.includes(rule)) {
    excused.add(`${path} ${rule}`);
    continue;
  }
  refused += 1;
  console.error(`${path}:${line} ${rule}: ${message}`);
}
for (const [path, { rules }] of Object.entries(accepted))
  for (const rule of rules)
    if (!excused.has(`${path} ${rule}`)) {
      refused += 1;
      console.error(`${path}: ${rule} is excused in dev/migration-lint.ts, but does not occur`);
    }
process.exitCode = refused === 0 ? 0 : 1;
