#!/usr/bin/env node
// In the repository the package runs as written, in TypeScript: Node must be able to strip types.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`zdravo-sign needs Node 24, found ${process.versions.node}\n`);
  process.exit(2);
}
const { signFile } = await import('./development/sign-file.ts');
process.exitCode = signFile(process.argv.slice(2));
