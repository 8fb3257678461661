import { randomBytes, randomUUID } from 'node:crypto';
import { migrations as ilMigrations } from '@zdravo/il';
import { createClient, inProcessTransport } from '@zdravo/kit/client';
import { type SettableClock, settableClock } from '@zdravo/kit/clock';
import { createHttpServer, mount } from '@zdravo/kit/http';
import { createTestDatabase, type TestDatabase, testLogger } from '@zdravo/kit/testing';
import { migrations as mpiMigrations } from '@zdravo/mpi';
import { migrations as opsMigrations } from '@zdravo/ops';
import { migrations as prmMigrations } from '@zdravo/prm';
import { generateSignerKey, parseSigner, SIGNATURE_TYPES, type Signer } from '@zdravo/tlog';
import pg from 'pg';
import {
  contract,
  createReports,
  dropSubscriptions,
  handlersThrough,
  internal_contract,
  keepSubscriptions,
  migrations,
  type PublicFiles,
  publications,
  type Reports,
  type ReportsSettings,
  type Source,
  type SubscriptionOptions,
} from './index.ts';
import { replicaStatus } from './replica/readiness.ts';

const log_key = { name: 'reports.example/capitation', type: SIGNATURE_TYPES.ed25519 };

export type ReportsUnderTest = {
  reports: Reports;
  clock: SettableClock;
  /** What was published, by name. */
  published: Map<string, Uint8Array>;
  /** As the superuser. */
  source: Record<Source['name'], pg.Client>;
  replica: pg.Client;
  subscriptions: SubscriptionOptions;
  /** Waits until the replica has everything that the sources committed. */
  caughtUp(): Promise<void>;
  close(): Promise<void>;
};

export type TestOptions = {
  files?: PublicFiles;
  settings?: Partial<ReportsSettings>;
  now?: string;
  signer?: Signer;
  publication_policy?: Uint8Array;
};

/** Reports with sources of their own, followed by real subscriptions. */
export async function startReportsForTest(given: TestOptions = {}): Promise<ReportsUnderTest> {
  const databases = await makeSources();
  const replica = await createTestDatabase('reports', { migrations: [migrations] });
  const subscriptions = subscriptionsOf(databases, replica);
  await keepSubscriptions(subscriptions);
  const clock = settableClock(given.now ?? '2026-11-23T10:00:00Z', 'Europe/Kyiv');
  const published = new Map<string, Uint8Array>();
  const reports = await createReports({
    database_url: replica.url,
    clock,
    log: testLogger('reports'),
    files: given.files ?? memoryFiles(published),
    signer: given.signer ?? parseSigner(generateSignerKey(log_key)),
    ...(given.publication_policy ? { publication_policy: given.publication_policy } : {}),
    code_version: 'test',
    callers: { gateway: 'secret' },
    ...(given.settings ? { settings: given.settings } : {}),
  });
  const clients = await Promise.all([...Object.values(databases), replica].map(({ url }) => connected(url)));
  const [mpi, ops, platform, local] = clients as [pg.Client, pg.Client, pg.Client, pg.Client];
  const source = { mpi, ops, platform };
  return {
    reports,
    clock,
    published,
    source,
    replica: local,
    subscriptions,
    caughtUp: () => caughtUp(reports, source),
    close: async () => {
      await reports.close();
      await dropSubscriptions(subscriptions);
      await Promise.all(clients.map((client) => client.end()));
      await Promise.all([...Object.values(databases), replica].map((database) => database.drop()));
    },
  };
}

async function makeSources(): Promise<Record<Source['name'], TestDatabase>> {
  return {
    mpi: await createTestDatabase('mpi', { migrations: [mpiMigrations] }),
    ops: await createTestDatabase('ops', { migrations: [opsMigrations] }),
    platform: await createTestDatabase('reports_platform', { migrations: [prmMigrations, ilMigrations] }),
  };
}

export function memoryFiles(published: Map<string, Uint8Array>): PublicFiles {
  return {
    put: async (name, bytes) => {
      published.set(name, bytes);
    },
    url: (name) => `https://files.example/${name}`,
  };
}

function subscriptionsOf(databases: Record<Source['name'], TestDatabase>, replica: TestDatabase): SubscriptionOptions {
  return {
    reports_url: replica.url,
    sources: Object.entries(databases).map(([name, { url }]) => ({
      name: name as Source['name'],
      url,
      publications: publications[name as Source['name']],
    })),
    feed_password: 'feed of the tests',
    prefix: `test_${randomBytes(4).toString('hex')}`,
    log: testLogger('subscriptions'),
  };
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** Every source's log position of now has been applied by the replica. */
async function caughtUp(reports: Reports, source: Record<Source['name'], pg.Client>): Promise<void> {
  const targets = new Map<string, string>();
  for (const [name, client] of Object.entries(source)) {
    // A transaction that is published, so that the position moves on a quiet source too.
    const { rows } = await client.query<{ at: string }>('select pg_current_wal_insert_lsn()::text as at');
    targets.set(name, rows[0]!.at);
  }
  for (let attempt = 0; attempt < 400; attempt++) {
    const all = await replicaStatus(reports.deps.db);
    if (all.length === targets.size && all.every(({ ready }) => ready) && (await confirmed(source, targets))) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('the replica did not catch up within 10 s');
}

async function confirmed(source: Record<string, pg.Client>, targets: Map<string, string>): Promise<boolean> {
  for (const [name, at] of targets) {
    const { rows } = await source[name]!.query<{ behind: boolean }>(
      `select bool_or(confirmed_flush_lsn < $1::pg_lsn) as behind from pg_replication_slots where database = current_database() and not temporary`,
      [at],
    );
    if (rows[0]!.behind !== false) return false;
  }
  return true;
}

export type Clinic = {
  legal_entity_id: string;
  division_id: string;
  mountain_division_id: string;
  employee_id: string;
};

/** A clinic with a division in the plain and one in the mountains and a doctor, written at the source. */
export async function addClinic(
  { source }: ReportsUnderTest,
  given: { name?: string; edrpou?: string; area?: string } = {},
): Promise<Clinic> {
  const clinic = {
    legal_entity_id: randomUUID(),
    division_id: randomUUID(),
    mountain_division_id: randomUUID(),
    employee_id: randomUUID(),
  };
  const {
    name = 'Клініка',
    edrpou = String(Math.floor(Math.random() * 90_000_000) + 10_000_000),
    area = 'ЛЬВІВСЬКА',
  } = given;
  const by = randomUUID();
  const addresses = (type: string) =>
    JSON.stringify([{ type, area, settlement: 'ТУРКА', settlement_id: randomUUID() }]);
  await source.platform.query(
    `insert into prm.legal_entities (id, type, edrpou, name, owner_property_type, legal_form, kveds, addresses, phones, email, inserted_by, updated_by)
     values ($1, 'MSP', $2, $3, 'STATE', '140', '{86.10}', $4, '[]', 'a@example.com', $5, $5)`,
    [clinic.legal_entity_id, edrpou, name, addresses('REGISTRATION'), by],
  );
  for (const [id, mountain] of [
    [clinic.division_id, false],
    [clinic.mountain_division_id, true],
  ] as const)
    await source.platform.query(
      `insert into prm.divisions (id, legal_entity_id, name, type, addresses, phones, email, location_longitude, location_latitude, mountain_group, inserted_by, updated_by)
       values ($1, $2, 'Амбулаторія', 'CLINIC', $3, '[]', 'a@example.com', 23.03, 49.15, $4, $5, $5)`,
      [id, clinic.legal_entity_id, addresses('RESIDENCE'), mountain, by],
    );
  await addDoctor(source.platform, clinic, by);
  return clinic;
}

async function addDoctor(platform: pg.Client, clinic: Clinic, by: string): Promise<void> {
  const party_id = randomUUID();
  await platform.query(
    `insert into prm.parties (id, first_name, last_name, second_name, birth_date, gender, tax_id, inserted_by, updated_by)
     values ($1, 'Оксана', 'Лікаренко', 'Іванівна', '1980-07-13', 'FEMALE', $2, $3, $3)`,
    [party_id, String(Math.floor(Math.random() * 9_000_000_000) + 1_000_000_000), by],
  );
  await platform.query(
    `insert into prm.employees (id, party_id, legal_entity_id, division_id, employee_type, position, start_date, status, speciality, inserted_by, updated_by)
     values ($1, $2, $3, $4, 'DOCTOR', 'P7', '2018-01-01', 'APPROVED', 'FAMILY_DOCTOR', $5, $5)`,
    [clinic.employee_id, party_id, clinic.legal_entity_id, clinic.division_id, by],
  );
}

export type PlantedDeclaration = {
  clinic: Clinic;
  birth_date: string;
  mountain?: boolean;
  /** Instants. */
  active_from?: string;
  ended_at?: string;
  deceased_on?: string;
  phone_fanout?: number;
  /** Leaves out what the declaration points to. */
  without?: 'person' | 'division';
};

/** A declaration with its history, written at the source as Operations and the patient index write it. */
export async function addDeclaration({ source }: ReportsUnderTest, given: PlantedDeclaration): Promise<string> {
  const id = randomUUID();
  const pseudonym = randomUUID();
  const { clinic, active_from = '2026-01-15T10:00:00Z', ended_at } = given;
  if (given.without !== 'person')
    await source.mpi.query(
      `insert into mpi.person_facts (pseudonym, birth_month, gender, deceased_on, phone_fanout) values ($1, $2, 'FEMALE', $3, $4)`,
      [pseudonym, birthMonth(given.birth_date), given.deceased_on ?? null, given.phone_fanout ?? 1],
    );
  const division =
    given.without === 'division' ? randomUUID() : given.mountain ? clinic.mountain_division_id : clinic.division_id;
  const statuses = [['active', active_from], ...(ended_at ? [['terminated', ended_at]] : [])] as [string, string][];
  await addHistory(source.ops, id, statuses);
  const [status, updated_at] = statuses.at(-1)!;
  await source.ops.query(
    `insert into ops.declaration_heads (id, version, status, person_id, pseudonym, legal_entity_id, division_id, employee_id,
       declaration_request_id, signed_content_sha256, start_date, end_date, inserted_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'x', '2018-01-01', '2040-01-01', $10, $11)`,
    [
      id,
      statuses.length,
      status,
      randomUUID(),
      pseudonym,
      clinic.legal_entity_id,
      division,
      clinic.employee_id,
      randomUUID(),
      active_from,
      updated_at,
    ],
  );
  return id;
}

async function addHistory(ops: pg.Client, id: string, statuses: [status: string, at: string][]): Promise<void> {
  for (const [i, [status, at]] of statuses.entries()) {
    await ops.query(
      `insert into ops.declaration_versions (declaration_id, version, op, status, body, sealed_seed, leaf_hash, recorded_at)
       values ($1, $2, $3, $4, '{}', 'seed', decode(repeat('00', 32), 'hex'), $5)`,
      [id, i + 1, i === 0 ? 'create' : 'terminate', status, at],
    );
    await ops.query(
      'insert into ops.declaration_status_history (declaration_id, version, status, changed_at) values ($1, $2, $3, $4)',
      [id, i + 1, status, at],
    );
  }
}

/** As the patient index rounds it: one month on unless born on the 1st. */
export function birthMonth(birth_date: string): string {
  const [year, month, day] = birth_date.split('-').map(Number) as [number, number, number];
  const count = year * 12 + month - 1 + (day === 1 ? 0 : 1);
  return `${String(Math.floor(count / 12)).padStart(4, '0')}-${String((count % 12) + 1).padStart(2, '0')}-01`;
}

export type Caller = { client_type?: string; client_id?: string; user_id?: string };
export type Answer = {
  status: number;
  body: {
    data: never;
    error?: { invalid?: { entry: string; rules: { rule: string }[] }[]; code?: string; message?: string };
    paging?: unknown;
  };
};

/** Calls the public contract over the real HTTP stack, through the perimeter, as a signed-in user of that kind. */
export async function httpOf({ reports }: ReportsUnderTest) {
  const app = createHttpServer({ log: testLogger('http'), styleOf: () => 'reference' });
  let caller: Caller = {};
  const client = createClient(internal_contract, inProcessTransport(reports.app), {
    caller: 'gateway',
    secret: 'secret',
  });
  mount(app, contract, handlersThrough(client), async () => ({
    principal: {
      user_id: caller.user_id ?? '11111111-1111-4111-8111-111111111111',
      client_id: caller.client_id ?? '22222222-2222-4222-8222-222222222222',
      client_type: caller.client_type ?? 'NHS ADMIN',
      scopes: new Set<string>(),
    },
  }));
  await app.ready();
  return {
    call: async (
      method: 'GET' | 'POST' | 'PUT' | 'PATCH',
      url: string,
      body?: unknown,
      as: Caller = {},
    ): Promise<Answer> => {
      caller = as;
      const answer = await app.inject({ method, url, ...(body === undefined ? {} : { payload: body as object }) });
      return { status: answer.statusCode, body: JSON.parse(answer.payload) };
    },
    close: () => app.close(),
  };
}
