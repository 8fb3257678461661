import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { addYears, generateCountry } from '@zdravo/country-ua';
import { systemClock } from '@zdravo/kit/clock';
import { ConfigError } from '@zdravo/kit/config';
import { createLogger, type Logger } from '@zdravo/kit/log';
import { batchLoadedVersions } from '@zdravo/mpi';
import { createOps, type Ops } from '@zdravo/ops';
import { createPrm } from '@zdravo/prm';
import pg from 'pg';
import { loadClinic } from './country.ts';
import type { SliceCounts, SliceNews, SliceOrder } from './country-slice.ts';
import { type Databases, openDatabases } from './databases.ts';
import { describeFailure } from './failures.ts';
import { keyProvider } from './key-files.ts';
import { roomyServer } from './roomy-server.ts';
import { readSettings, type Settings } from './settings.ts';
import { type DevelopmentLog, startDevelopmentLog } from './transparency-log.ts';

// `npm run country -- --persons N [--seed TEXT] [--with-containers]`: fills an empty platform, while it is stopped, with a
// generated country of N persons, each with an active declaration: clinics through their register, persons, declarations, slots
// and requests in bulk in as many processes as there are cores, then the persons' versions into batches and every leaf into the
// log, signed and cosigned. Containers, 8 kB of files each, are signed and stored on demand only.

const most_persons = 36_000_000;
const slice_size = 50_000;

try {
  await loadCountry(readSettings(), readOrder());
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 1;
}

type Order = { persons: number; seed: string; with_containers: boolean };

function readOrder(): Order {
  const string = { type: 'string' } as const;
  const { values } = parseArgs({ options: { persons: string, seed: string, 'with-containers': { type: 'boolean' } } });
  const persons = Number(values.persons);
  if (!Number.isSafeInteger(persons) || persons < 1 || persons > most_persons)
    throw new ConfigError([`--persons: a number from 1 to ${most_persons} is expected`]);
  return { persons, seed: values.seed ?? 'country', with_containers: values['with-containers'] ?? false };
}

async function loadCountry(settings: Settings, { persons, seed, with_containers }: Order): Promise<void> {
  await using started = new AsyncDisposableStack();
  const log = createLogger({ name: 'country', level: settings.ZDRAVO_LOG });
  const databases = started.adopt(await openDatabases(settings, roomyServer()), (one) => one.stop());
  const as_of = systemClock('Europe/Kyiv').today();
  const transparency_log = started.adopt(await startDevelopmentLog(settings), (one) => one.stop());
  const ops = started.adopt(await openOps(settings, databases, transparency_log, log), (one) => one.close());
  const began = performance.now();
  const parties = await loadClinics(databases, { seed, persons, as_of });
  say(began, `${Object.keys(parties).length} employees of ${Math.ceil(persons / 4096)} clinics`);
  await ops.sequencer.drain();
  const order = {
    urls: databases.urls,
    seed,
    persons,
    as_of,
    signed_at: `${addYears(as_of, -1).slice(0, 4)}-12-15T09:00:00.000Z`,
    log_head: await latestHead(databases.urls.ops),
    parties,
    with_containers,
  };
  await loadSlices(order, began);
  const batches = await batchLoadedVersions({ database_url: databases.urls.mpi, log });
  say(began, `versions of persons in ${batches} batches for the log`);
  await sealLeaves(ops, databases.urls.ops, began);
  await settle(Object.values(databases.urls));
  say(began, 'done');
  if (!with_containers)
    console.log(
      'No signed container is stored: `npm run audit` and `npm run reconcile` name each as missing. `npm run audit -- --without-containers` looks at the rest; `--with-containers` here signs and stores them.',
    );
}

async function openOps(
  settings: Settings,
  { urls }: Databases,
  transparency_log: DevelopmentLog,
  log: Logger,
): Promise<Ops> {
  return createOps({
    database_url: urls.ops,
    keys_database_url: urls.ops_keys,
    key_provider: await keyProvider(settings, 'ops'),
    callers: {},
    clock: systemClock('Europe/Kyiv'),
    log,
    transparency_log,
  });
}

async function loadClinics(
  databases: Databases,
  options: { seed: string; persons: number; as_of: string },
): Promise<Record<string, string>> {
  const prm = createPrm({
    database_url: databases.urls.platform,
    clock: systemClock('Europe/Kyiv'),
    log: createLogger({ name: 'prm', level: 'warn' }),
  });
  try {
    const parties = new Map<string, string>();
    for (const clinic of generateCountry(options).clinics())
      for (const [employee_id, party_id] of await loadClinic(prm, clinic)) parties.set(employee_id, party_id);
    return Object.fromEntries(parties);
  } finally {
    await prm.close();
  }
}

/** Hands the slices out to a process per core. @throws Error of the first slice that failed; what is loaded stays. */
async function loadSlices(order: Omit<SliceOrder, 'from' | 'to'>, began: number): Promise<void> {
  const slices = Array.from({ length: Math.ceil(order.persons / slice_size) }, (_, at) => ({
    from: at * slice_size,
    to: Math.min(order.persons, (at + 1) * slice_size),
  }));
  const loaded: SliceCounts = { containers: 0, persons: 0, declarations: 0 };
  const progress = setInterval(() => say(began, `${countsOf(loaded, order)} of ${order.persons}`), 5_000);
  try {
    await Promise.all(
      Array.from({ length: Math.min(availableParallelism(), slices.length) }, async () => {
        const child = fork(join(import.meta.dirname, 'country-slice.ts'));
        try {
          for (let slice = slices.shift(); slice; slice = slices.shift())
            await loadSlice(child, { ...order, ...slice }, loaded);
        } finally {
          if (child.connected) child.disconnect();
        }
      }),
    );
  } finally {
    clearInterval(progress);
  }
  say(began, `${loaded.persons} persons and ${loaded.declarations} declarations are stored`);
}

function countsOf(loaded: SliceCounts, { with_containers }: Pick<SliceOrder, 'with_containers'>): string {
  const { containers, persons, declarations } = loaded;
  return `${with_containers ? `${containers} containers, ` : ''}${persons} persons, ${declarations} declarations`;
}

function loadSlice(child: ChildProcess, order: SliceOrder, loaded: SliceCounts): Promise<void> {
  const so_far: SliceCounts = { containers: 0, persons: 0, declarations: 0 };
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      child.off('message', hear);
      child.off('exit', leave);
      settle();
    };
    const leave = (code: number | null) => end(() => reject(new Error(`a loading process ended with ${code}`)));
    const hear = (message: unknown) => {
      const news = message as SliceNews;
      if ('done' in news) return end(resolve);
      if ('failed' in news) return end(() => reject(new Error(news.failed)));
      for (const [name, count] of Object.entries(news) as [keyof SliceCounts, number][]) {
        loaded[name] += count - so_far[name];
        so_far[name] = count;
      }
    };
    child.on('message', hear);
    child.once('exit', leave);
    child.send(order);
  });
}

/** Every waiting leaf gets its place, and a cosigned checkpoint covers it. */
async function sealLeaves(ops: Ops, ops_url: string, began: number): Promise<void> {
  const progress = setInterval(() => {
    void waitingLeaves(ops_url).then((count) => say(began, `${count} leaves wait for their place in the log`));
  }, 5_000);
  try {
    await ops.sequencer.drain();
  } finally {
    clearInterval(progress);
  }
  const { has_quorum, refusal } = ops.sequencer.status();
  if (refusal || !has_quorum) throw new Error(refusal?.message ?? 'the witnesses did not cosign the last checkpoint');
}

function latestHead(ops_url: string): Promise<string> {
  return ask(
    ops_url,
    `select '\\x' || encode(root, 'hex') as value from ops.log_checkpoints order by size desc limit 1`,
  );
}

function waitingLeaves(ops_url: string): Promise<string> {
  return ask(ops_url, 'select count(*)::text as value from ops.pending_leaves').catch(() => '?');
}

async function ask(url: string, text: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ value: string }>(text);
  await client.end();
  return rows[0]!.value;
}

/** What comes next should know how much there is now, and find no work left over: dead leaves, rows that nobody has seen yet. */
async function settle(urls: string[]): Promise<void> {
  for (const url of urls) {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query('vacuum analyze');
    await client.end();
  }
}

function say(began: number, what: string): void {
  console.log(`${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s  ${what}`);
}
