import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readKeyFile } from './key-file.ts';
import { sign } from './sign.ts';

const usage = `zdravo-sign FILE --key KEYFILE [--out FILE] [--detached]

Signs a file as CAdES B-B (DER). KEYFILE: PEM with private key, certificate and chain, or JSON
{"private_key", "certificate", "chain"} of PEM texts. FILE may be - for standard input. Without --out the
container goes to FILE.p7s; --out - writes base64 to standard output, ready for "signed_content".`;

/** The command `zdravo-sign`. @returns its exit code: 0 signed, 1 something cannot be read or written, 2 wrong usage. */
export function signFile(args: string[]): number {
  const { values, positionals } = readArguments(args);
  const [file] = positionals;
  if (!file || !values.key || values.help) {
    (values.help ? console.log : console.error)(usage);
    return values.help ? 0 : 2;
  }
  try {
    const content = readFileSync(file === '-' ? 0 : file);
    const key = readKeyFile(readFileSync(values.key, 'utf8'));
    write(
      sign(content, key, { detached: values.detached ?? false }),
      values.out ?? (file === '-' ? '-' : `${file}.p7s`),
    );
    return 0;
  } catch (error) {
    console.error(`zdravo-sign: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

function readArguments(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        key: { type: 'string' },
        out: { type: 'string' },
        detached: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch {
    return { values: { key: undefined, out: undefined, detached: undefined, help: undefined }, positionals: [] };
  }
}

function write(container: Uint8Array, out: string): void {
  if (out === '-') process.stdout.write(`${Buffer.from(container).toString('base64')}\n`);
  else writeFileSync(out, container);
}
