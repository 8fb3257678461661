import { randomInt } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { civilDate } from '@zdravo/kit/clock';
import { createApi } from './demo/api.ts';
import type { Stage } from './demo/clinics.ts';
import { chapters, play } from './demo/play.ts';
import { startPlatform } from './platform.ts';
import { readSettings, type Settings } from './settings.ts';
import type { SignIns } from './sign-ins.ts';
import { openAuthority } from './signatures.ts';

// `npm run demo [-- --json FILE]`: plays the story of the platform through its public API, against the platform that `npm start`
// runs, or against one that it starts for the time of the story.

const { values } = parseArgs({ options: { json: { type: 'string' } } });
const settings = readSettings();
const address = `http://localhost:${settings.ZDRAVO_PORT}`;
const platform = (await isServing(address)) ? undefined : await startPlatform(settings);
try {
  // Another story each time, so that it can be played again over the same data.
  const environment = await play(
    await openStage(settings),
    console.log,
    randomInt(chapters),
    civilDate(new Date(), 'Europe/Kyiv'),
  );
  if (values.json) await writeFile(values.json, `${JSON.stringify(environment, null, 2)}\n`, { mode: 0o600 });
} catch (error) {
  if (!(error instanceof TypeError && error.message === 'fetch failed')) throw error;
  console.error(
    `The platform at ${address} does not answer any more; what it had acknowledged is kept. Start it and play again.`,
  );
  process.exitCode = 1;
} finally {
  await platform?.stop();
}

async function isServing(url: string): Promise<boolean> {
  return fetch(`${url}/health/ready`).then(
    (response) => response.ok,
    () => false,
  );
}

/** All that the story needs besides the API: this machine's sign-ins, authority and outbox. */
async function openStage(settings: Settings): Promise<Stage> {
  const data = resolve(settings.ZDRAVO_DATA);
  const sign_ins = JSON.parse(await readFile(join(data, 'sign-ins.json'), 'utf8')) as SignIns;
  return {
    api: createApi(address, sign_ins, (seconds) =>
      console.log(`  (Too many requests from one address within a minute: the platform asks to wait ${seconds} s.)`),
    ),
    outbox: async () => (await fetch(`${address}/outbox/messages`)).json() as ReturnType<Stage['outbox']>,
    authority: await openAuthority(settings),
    sign_ins,
  };
}
