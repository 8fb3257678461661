import { resolve } from 'node:path';
import { backUp } from './data-copy.ts';
import { describeFailure } from './failures.ts';
import { elsewhere, readSettings } from './settings.ts';

// `npm run backup -- FILE`: one consistent copy of the embedded databases, keys and files, while the platform is stopped.

const [named] = process.argv.slice(2);
if (named === undefined) {
  console.error('usage: npm run backup -- FILE.tar.gz');
  process.exit(2);
}
// npm runs the command in the project; the file is named from where the user stands.
const file = resolve(process.env['INIT_CWD'] ?? '.', named);
try {
  const settings = readSettings();
  const { sha256, bytes } = await backUp(settings.ZDRAVO_DATA, file);
  console.log(`${file}: ${bytes} bytes, SHA-256 ${sha256}. It holds keys: keep it as you keep them.`);
  const apart = elsewhere(settings);
  if (apart.length > 0)
    console.log(
      `Not in it, because they lie elsewhere: what ${apart.join(', ')} name. Copy these before the platform starts.`,
    );
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 1;
}
