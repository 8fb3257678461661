import { resolve } from 'node:path';
import { restore } from './data-copy.ts';
import { describeFailure } from './failures.ts';
import { readSettings } from './settings.ts';

// `npm run restore -- FILE`: brings a copy of `npm run backup` back into an empty data folder.

const [named] = process.argv.slice(2);
if (named === undefined) {
  console.error('usage: npm run restore -- FILE.tar.gz');
  process.exit(2);
}
try {
  const { ZDRAVO_DATA } = readSettings();
  await restore(resolve(process.env['INIT_CWD'] ?? '.', named), ZDRAVO_DATA);
  console.log(
    `${ZDRAVO_DATA} is restored. After an old copy the log refuses to go on until \`npm run log -- refill\`.`,
  );
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 1;
}
