import { backUp, CopyError } from './data-copy.ts';
import { readSettings } from './settings.ts';

// `npm run backup -- FILE`: one consistent copy of the embedded databases, keys and files, while the platform is stopped.

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: npm run backup -- FILE.tar.gz');
  process.exit(2);
}
try {
  const { sha256, bytes } = await backUp(readSettings().ZDRAVO_DATA, file);
  console.log(`${file}: ${bytes} bytes, SHA-256 ${sha256}`);
} catch (error) {
  if (!(error instanceof CopyError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
