import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtInAddresses } from '@zdravo/country-ua';
import { createClient, inProcessTransport } from '@zdravo/kit/client';
import { systemClock } from '@zdravo/kit/clock';
import { createLogger } from '@zdravo/kit/log';
import { startPostgres } from '@zdravo/kit/testing';
import { createReports, internal_contract } from '@zdravo/reports';
import { generateSignerKey, parseSigner, SIGNATURE_TYPES } from '@zdravo/tlog';
import { filledReplica, legal_entities } from './replica-data.ts';

const rounds = 300;
const areas = builtInAddresses().regions.map(({ name }) => name);

/**
 * The public statistics over a replica of a million declarations (another size: `--declarations=N`), each question in many
 * forms: `first` when it is asked for the first time, `again` while its answer is kept, in milliseconds, through the contract's
 * client and server without sockets. The whole country's sums (main numbers, regions, histogram) are few and always kept;
 * what people type has to be answered at once. Ratio: the same bare ping through the same stack.
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const given = process.argv.find((argument) => argument.startsWith('--declarations='))?.split('=')[1];
  const size = Number(given ?? 1_000_000);
  const directory = await mkdtemp(join(tmpdir(), 'zdravo-bench-statistics-'));
  const settings = [
    'fsync=off',
    'shared_buffers=256MB',
    'max_wal_size=8GB',
    'synchronous_commit=off',
    'autovacuum=off',
  ];
  const postgres = await startPostgres({ directory: join(directory, 'postgres'), settings });
  const log = createLogger({ name: 'bench', level: 'error' });
  try {
    const reports = await createReports({
      database_url: await filledReplica(postgres.url, size, log),
      clock: systemClock('Europe/Kyiv'),
      log,
      files: { put: async () => undefined, url: (name) => name },
      signer: parseSigner(generateSignerKey({ name: 'bench/statistics', type: SIGNATURE_TYPES.ed25519 })),
      code_version: 'bench',
      callers: { gateway: 'secret' },
      settings: { cache_s: 3_600 },
    });
    const client = createClient(internal_contract, inProcessTransport(reports.app), {
      caller: 'gateway',
      secret: 'secret',
    });
    const figures = await measure(client);
    await reports.close();
    return { figures: { declarations: size, ...figures }, ratios: { again_of_100_ms: figures['again_p95_ms']! / 100 } };
  } finally {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

type Client = ReturnType<typeof createClient<typeof internal_contract>>;
const context = { request_id: 'bench' };

/** Questions that people type, no two alike, by name. */
const typed: Record<string, (client: Client, i: number) => Promise<unknown>> = {
  map: (client, i) => {
    const [south, west] = [44.5 + (i % 60) / 10, 22.5 + (i % 150) / 10];
    const query = {
      lefttop_latitude: south + 0.5,
      lefttop_longitude: west,
      rightbottom_latitude: south,
      rightbottom_longitude: west + 1,
    };
    return client.divisionsMap({ query: { ...query, page_size: 50 + (i % 7) } }, context);
  },
  doctors: (client, i) =>
    client.doctorSearch({ query: { full_name: `Прізвище${i * 7} Ім`, speciality: 'FAMILY_DOCTOR' } }, context),
  doctors_of_place: (client, i) =>
    client.doctorSearch({ query: { area: areas[i % areas.length]!, page: 1 + Math.floor(i / areas.length) } }, context),
  division: async (client, i) => {
    const { data } = await client.divisionsMap({ query: { page: 1 + (i % legal_entities), page_size: 1 } }, context);
    return client.divisionStats({ params: { id: (data[0] as { id: string }).id } }, context);
  },
};

/** Sums over the country: few questions, many askers. */
const sums: ((client: Client, i: number) => Promise<unknown>)[] = [
  (client) => client.mainStats({}, context),
  (client) => client.regionStats({ query: {} }, context),
  (client) =>
    client.histogram({ query: { from_date: '2026-01-01', to_date: '2026-11-01', interval: 'MONTH' } }, context),
];

async function measure(client: Client): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  for (const [name, ask] of Object.entries(typed))
    figures[`first_${name}_p95_ms`] = await p95(rounds, (i) => ask(client, i));
  const began = performance.now();
  for (const ask of sums) await ask(client, 0);
  figures['first_sums_s'] = (performance.now() - began) / 1_000;
  const all = [...sums, ...Object.values(typed)];
  figures['again_p95_ms'] = await p95(rounds * 3, (i) => all[i % all.length]!(client, i % 50));
  return figures;
}

async function p95(count: number, ask: (i: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const began = performance.now();
    await ask(i);
    times.push(performance.now() - began);
  }
  return times.sort((a, b) => a - b)[Math.floor(count * 0.95)]!;
}
