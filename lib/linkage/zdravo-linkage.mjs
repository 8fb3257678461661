#!/usr/bin/env node
// The package runs as written, in TypeScript: Node must be able to strip types (24; 22.18 and later do too).
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
await readTypeScriptWhereInstalled();
const { runCli } = await import('./cli/main.ts');
process.exitCode = await runCli(process.argv.slice(2));

/** Node strips the types of a program, but not of what lies in `node_modules`, where a packed copy of this package is. */
async function readTypeScriptWhereInstalled() {
  const here = new URL('.', import.meta.url).href;
  if (!here.includes('/node_modules/')) return;
  // That it is experimental is not for those who link records to know.
  const warn = process.emitWarning;
  process.emitWarning = (warning, ...rest) => {
    if (!String(warning).startsWith('stripTypeScriptTypes')) warn.call(process, warning, ...rest);
  };
  const { registerHooks, stripTypeScriptTypes } = await import('node:module');
  const { readFileSync } = await import('node:fs');
  registerHooks({
    load: (url, context, next) =>
      url.startsWith(here) && url.endsWith('.ts')
        ? { format: 'module', source: stripTypeScriptTypes(readFileSync(new URL(url), 'utf8')), shortCircuit: true }
        : next(url, context),
  });
}
