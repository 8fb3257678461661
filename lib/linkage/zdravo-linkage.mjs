#!/usr/bin/env node
// In the repository the package runs as written, in TypeScript: Node must be able to strip types (24; 22.18 and later do too).
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `zdravo-linkage needs Node 24, found ${process.versions.node}; "npx --package=node@24 --call 'zdravo-linkage …'" brings it\n`,
  );
  process.exit(2);
}
// Whoever reads no more (`… | head`) has what they wanted.
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});
const { runCli } = await import('./cli/main.ts');
process.exitCode = await runCli(process.argv.slice(2));
