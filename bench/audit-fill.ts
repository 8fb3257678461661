import { randomUUID } from 'node:crypto';
import { systemClock } from '@zdravo/kit/clock';
import { createFileKeyProvider } from '@zdravo/kit/keys';
import { createLogger } from '@zdravo/kit/log';
import { bulkLoadDeclarations, createOps, openLogFolder } from '@zdravo/ops';
import { someDeclaration } from '@zdravo/ops/testing';

// Fills a log with as many versions as are asked for, through COPY, then placed and published by the sequencer. A program of
// its own, so that the memory that is measured afterwards is the audit's.

const [database_url, keys_database_url, key_file, log_folder, versions] = process.argv.slice(2) as string[];
const databases = {
  database_url: database_url!,
  keys_database_url: keys_database_url!,
  key_provider: await createFileKeyProvider(key_file!),
  log: createLogger({ name: 'bench', level: 'warn' }),
};

function* manyDeclarations() {
  for (let at = 0; at < Number(versions); at++) yield { id: randomUUID(), ...someDeclaration() };
}

await bulkLoadDeclarations({ ...databases, stored_at: new Date().toISOString() }, manyDeclarations());
const transparency_log = await openLogFolder(log_folder!);
const ops = await createOps({
  ...databases,
  callers: {},
  clock: systemClock('Europe/Kyiv'),
  transparency_log,
});
await ops.sequencer.drain();
await ops.close();
await transparency_log.close();
