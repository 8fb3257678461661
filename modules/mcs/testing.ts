import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SettableClock, settableClock } from '@zdravo/kit/clock';
import { createFileKeyProvider, createKeyFile, keyMigrations } from '@zdravo/kit/keys';
import { createTestDatabase, testLogger } from '@zdravo/kit/testing';

export { type ServedStore, serveStore } from './blob-store/served-store.ts';

import { createMcs, type IssuedUpload, type Mcs, type McsOptions, migrations } from './index.ts';

export { eicar, findsEicar, startClamdStandIn } from './inspection/clamd-stand-in.ts';

export type McsUnderTest = {
  mcs: Mcs;
  clock: SettableClock;
  directory: string;
  key_file: string;
  /** As the superuser. */
  database_url: string;
  keys_database_url: string;
  /** Another instance over the same databases, files and address. */
  open(options?: Partial<McsOptions>): Promise<Mcs>;
  /** Lets another instance answer at the address meanwhile, as a balancer does. */
  answerBy<Result>(mcs: Mcs, work: () => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
};

/** Media over databases of its own, its addresses served on a free port. */
export async function startMcsForTest(options: Partial<McsOptions> = {}): Promise<McsUnderTest> {
  const database = await createTestDatabase('mcs', { migrations: [migrations] });
  const keys_database = await createTestDatabase('keys', { migrations: [keyMigrations] });
  const directory = await mkdtemp(join(tmpdir(), 'zdravo-media-'));
  const key_file = join(directory, 'mcs.json');
  await createKeyFile(key_file);
  const clock = settableClock('2026-11-23T10:00:00Z', 'Europe/Kyiv');
  const server = createServer((req, res) => answering.handler(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const opened: Mcs[] = [];
  const open = async (more: Partial<McsOptions> = {}) => {
    const one = await createMcs({
      database_url: database.url,
      keys_database_url: keys_database.url,
      key_provider: await createFileKeyProvider(key_file),
      storage: { kind: 'built-in', directory: join(directory, 'files') },
      public_url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/media`,
      clock,
      log: testLogger('mcs'),
      ...options,
      ...more,
    });
    opened.push(one);
    return one;
  };
  const mcs = await open();
  let answering = mcs;
  return {
    mcs,
    clock,
    directory,
    key_file,
    database_url: database.url,
    keys_database_url: keys_database.url,
    open,
    answerBy: async (other, work) => {
      answering = other;
      return work().finally(() => {
        answering = mcs;
      });
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      for (const one of opened) await one.close();
      await Promise.all([database.drop(), keys_database.drop()]);
      await rm(directory, { recursive: true });
    },
  };
}

/** Uploads as a client does. @returns the status. */
export async function upload(address: IssuedUpload, bytes: Buffer): Promise<number> {
  const { url, method, headers } = address;
  const answer = await fetch(url, { method, headers, body: new Uint8Array(bytes) });
  await answer.arrayBuffer();
  return answer.status;
}
