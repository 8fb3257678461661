// `node --import @zdravo/signature/typescript PROGRAM`: reads this package where it was installed. Node strips the types of a
// program, but not of what lies in `node_modules`; threads inherit this import, so the verifier pool needs nothing more.
import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';

const here = new URL('.', import.meta.url).href;

if (here.includes('/node_modules/')) {
  const warn = process.emitWarning;
  // That stripping is experimental as a function, though not as what Node does, tells users of the package nothing.
  process.emitWarning = (warning, ...rest) => {
    if (!String(warning).startsWith('stripTypeScriptTypes')) warn.call(process, warning, ...rest);
  };
  registerHooks({
    load: (url, context, next) =>
      url.startsWith(here) && url.endsWith('.ts')
        ? { format: 'module', source: stripTypeScriptTypes(readFileSync(new URL(url), 'utf8')), shortCircuit: true }
        : next(url, context),
  });
}
