import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createKeyFile, publishKeyFile, rotateKeyFile } from '@zdravo/kit/keys';
import { describeFailure } from './failures.ts';

// `npm run keys -- init | rotate FILE`: what an operator does to the key file of a module.

const usage = `usage: npm run keys -- init FILE     a first generation; an existing file is left alone
       npm run keys -- public FILE PUBLIC_FILE   its public halves, for the process that seals and never opens
       npm run keys -- rotate FILE   another generation, which running processes take up within the hour; older ones still open`;

const [command, given, given_public, ...rest] = process.argv.slice(2);
// npm runs the command in the project; the file is named from where the user stands.
const placed = (file: string) => resolve(process.env['INIT_CWD'] ?? '.', file);
const path = given === undefined ? undefined : placed(given);
try {
  const is_whole = (given_public !== undefined) === (command === 'public');
  if (path === undefined || !is_whole || rest.length > 0) throw new RangeError(usage);
  if (command === 'init') await init(path);
  else if (command === 'public') {
    await publishKeyFile(path, placed(given_public!));
    console.log('written; give it to the process that seals');
  } else if (command === 'rotate')
    console.log(`generation ${await rotateKeyFile(path)} seals within the hour, or from the next start on`);
  else throw new RangeError(usage);
} catch (error) {
  console.error(error instanceof RangeError ? error.message : describeFailure(error));
  process.exitCode = 1;
}

async function init(file: string): Promise<void> {
  const was_there = await access(file).then(
    () => true,
    () => false,
  );
  await createKeyFile(file);
  console.log(
    was_there ? 'the file is there already and was left alone' : 'made; keep a copy of it apart from the databases',
  );
}
