import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi } from '@zdravo/dev/demo/api';
import type { Stage } from '@zdravo/dev/demo/clinics';
import { type PlatformOptions, type RunningPlatform, startPlatform } from '@zdravo/dev/platform';
import { readSettings } from '@zdravo/dev/settings';
import { freePort, withClient } from '@zdravo/kit/testing';

export type TestStage = Stage & {
  platform: RunningPlatform;
  /** Of all its data. */
  directory: string;
  /** A query as the superuser. */
  query(
    database: keyof RunningPlatform['database_urls'],
    text: string,
    values?: unknown[],
  ): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
};

/** `environment`: further settings. */
export type StageOptions = PlatformOptions & { environment?: Record<string, string> };

/** The whole platform on a server of its own, on a free port, as a vendor's program sees it. */
export async function startStage({ environment, ...options }: StageOptions = {}): Promise<TestStage> {
  const directory = await mkdtemp(join(tmpdir(), 'zdravo-e2e-'));
  const settings = readSettings({
    ZDRAVO_PORT: String(await freePort()),
    ZDRAVO_DATA: directory,
    ZDRAVO_LOG: process.env['ZDRAVO_TEST_LOG'] ?? 'silent',
    ...environment,
  });
  const platform = await startPlatform(settings, { server_settings: fast_server, with_country: false, ...options });
  return {
    ...stageOf(platform),
    directory,
    close: async () => {
      await platform.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A running platform as the stories see it. */
export function stageOf(platform: RunningPlatform): Omit<TestStage, 'close' | 'directory'> {
  return {
    platform,
    api: createApi(platform.address, platform.sign_ins),
    outbox: async () => platform.outbox.list(),
    authority: platform.authority,
    sign_ins: platform.sign_ins,
    query: async (database, text, values) => {
      let rows: Record<string, unknown>[] = [];
      await withClient(platform.database_urls[database], async (client) => {
        rows = (await client.query(text, values)).rows;
      });
      return rows;
    },
  };
}

/** A power cut may lose a test's data. */
export const fast_server = [
  'shared_buffers=64MB',
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'max_connections=300',
];
