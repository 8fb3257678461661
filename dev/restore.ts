import { CopyError, restore } from './data-copy.ts';
import { readSettings } from './settings.ts';

// `npm run restore -- FILE`: brings a copy of `npm run backup` back into an empty data folder.

const [file] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: npm run restore -- FILE.tar.gz');
  process.exit(2);
}
try {
  await restore(file, readSettings().ZDRAVO_DATA);
  console.log(
    `${readSettings().ZDRAVO_DATA} is restored. After an old copy the log refuses to go on until \`npm run log -- refill\`.`,
  );
} catch (error) {
  if (!(error instanceof CopyError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
