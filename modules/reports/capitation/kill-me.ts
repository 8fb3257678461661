import { systemClock } from '@zdravo/kit/clock';
import { createLogger } from '@zdravo/kit/log';
import { parseSigner } from '@zdravo/tlog';
import { createReports } from '../index.ts';
import { runCapitation } from './run.ts';

// For the crash test: computes a month up to the second file that it puts, says so, and waits to be killed.

const [url = '', month = '', key = ''] = process.argv.slice(2);
let files = 0;
const reports = await createReports({
  database_url: url,
  clock: systemClock('Europe/Kyiv'),
  log: createLogger({ name: 'kill-me', level: 'silent' }),
  files: {
    put: async () => {
      files += 1;
      if (files < 2) return;
      console.log('putting');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    },
    url: (name) => name,
  },
  signer: parseSigner(key),
  code_version: 'test',
  callers: {},
});
await runCapitation(reports.deps, month);
