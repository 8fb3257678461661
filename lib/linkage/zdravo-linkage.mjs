#!/usr/bin/env node
// The package runs as written, in TypeScript: Node must be able to strip types (24; 22.18 and later do too).
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`zdravo-linkage needs Node 24, found ${process.versions.node}\n`);
  process.exit(2);
}
const { runCli } = await import('./cli/main.ts');
process.exitCode = await runCli(process.argv.slice(2));
