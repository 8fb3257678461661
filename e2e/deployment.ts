import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDevelopmentAuthority } from '@zdravo/dev/certificates';
import type { Stage } from '@zdravo/dev/demo/clinics';
import { type MailServer, type SmsGateway, startMailServer, startSmsGateway } from '@zdravo/dev/testing/carriers';
import { connectionUrl } from '@zdravo/kit/db';
import { createFileKeyProvider } from '@zdravo/kit/keys';
import { freePort, type RunningPostgres, startPostgres, withClient } from '@zdravo/kit/testing';
import { openStage } from './deployment-stage.ts';
import { modules_with_keys } from './modules-with-keys.ts';
import { dev, type Environment, type Program, runProgram, startProgram } from './programs.ts';
import { fast_server } from './stage.ts';

/** Every module as a process of its own over one PostgreSQL, with servers that stand for the carriers. */
export type Deployment = {
  /** Of the platform. */
  address: string;
  stage: Stage;
  /** All that must not be printed. */
  secrets: string[];
  /** What all processes printed so far. */
  output(): string;
  /** Opens the metrics of every process. */
  metrics_token: string;
  /** Where a process listens. */
  addressOf(name: string): string;
  /** Runs an operator's command, such as `accounts.ts`, to its end. */
  operate(program: string, args: string[]): ReturnType<typeof runProgram>;
  startOne(name: string): Promise<void>;
  stopOne(name: string): Promise<void>;
  stop(): Promise<void>;
};

const databases = ['platform', 'il_keys', 'mcs_keys', 'ops', 'ops_keys', 'mpi', 'mpi_keys', 'reports'] as const;
export const processes = ['ops', 'mpi', 'mpi-linker', 'mpi-review', 'reports', 'reports-keeper', 'platform'] as const;

/** Login roles and the roles of modules that they are members of. */
const logins = {
  platform: ['zdravo_auth', 'zdravo_il', 'zdravo_prm', 'zdravo_mcs', 'zdravo_gateway', 'zdravo_keys'],
  ops: ['zdravo_ops', 'zdravo_ops_sequencer', 'zdravo_keys'],
  mpi: ['zdravo_mpi', 'zdravo_keys'],
  linker: ['zdravo_mpi_linker', 'zdravo_mpi_linker_keys'],
  review: ['zdravo_mpi_review', 'zdravo_mpi_review_keys'],
  reports: ['zdravo_reports'],
};
type Login = keyof typeof logins;

/** What the installation consists of before anything runs. */
type Site = {
  directory: string;
  /** The folder of the programs. */
  programs: string;
  postgres: RunningPostgres;
  passwords: Record<Login, string>;
  secrets: Record<'mpi' | 'review' | 'ops' | 'reports' | 'metrics' | 'feed' | 'mail' | 'sms', string>;
  ports: Record<(typeof processes)[number], string>;
  mail: MailServer;
  sms: SmsGateway;
};

/**
 * Installs everything in a folder as docs would have it done, and starts all processes.
 * @param programs the folder of the programs, unless it is this repository's.
 * @param environment what every process is given beside its settings.
 */
export async function startDeployment(
  directory: string,
  { programs = dev, environment = {} }: { programs?: string; environment?: Environment } = {},
): Promise<Deployment> {
  const site = await openSite(directory, programs);
  await migrate(site);
  await layOutFiles(site);
  const authority = await openDevelopmentAuthority(join(directory, 'certificates'), 'http://certificates.example');
  await mkdir(join(directory, 'trusted'));
  await writeFile(join(directory, 'trusted', 'authority.pem'), authority.certificate_pem);
  const operator = operatorSettings(site);
  const login = await runProgram(join(programs, 'accounts.ts'), ['found'], operator);
  const login_client_id = /LOGIN_CLIENT_ID=(\S+)/.exec(login.output)![1]!;
  const settings = await settingsOfAll(site, login_client_id);
  const running = new Map<string, Program>();
  const printed: string[] = [];
  const startOne = async (name: string) => {
    const METRICS_TOKEN = site.secrets.metrics;
    const given = { ...environment, METRICS_TOKEN, ...settings[name]! };
    const program = await startProgram(join(programs, 'start.ts'), [name], given);
    printed.push('');
    const at = printed.length - 1;
    program.onOutput((text) => {
      printed[at] = text;
    });
    running.set(name, program);
  };
  await Promise.all(processes.map(startOne));
  const address = `http://localhost:${site.ports.platform}`;
  const stage = await openStage({ address, login_client_id, operator, authority, mail: site.mail, sms: site.sms });
  return {
    address,
    stage,
    secrets: [
      ...Object.values(site.secrets),
      ...Object.values(site.passwords),
      stage.sign_ins.mis.client_secret,
      stage.sign_ins.nhs_admin.client_secret,
    ],
    output: () => printed.join('\n'),
    metrics_token: site.secrets.metrics,
    addressOf: (name) => `http://localhost:${site.ports[name as keyof Site['ports']]}`,
    operate: (program, args) => runProgram(join(programs, program), args, operator),
    startOne,
    stopOne: async (name) => running.get(name)!.stop(),
    stop: async () => {
      for (const name of [...processes].reverse()) await running.get(name)?.stop();
      await Promise.all([site.mail.close(), site.sms.close()]);
      await site.postgres.stop();
    },
  };
}

const secret = () => randomBytes(24).toString('hex');

async function openSite(directory: string, programs: string): Promise<Site> {
  const postgres = await startPostgres({ directory: join(directory, 'postgres'), settings: fast_server });
  const names = ['mpi', 'review', 'ops', 'reports', 'metrics', 'feed', 'mail', 'sms'] as const;
  const secrets = Object.fromEntries(names.map((name) => [name, secret()])) as Site['secrets'];
  const passwords = Object.fromEntries(Object.keys(logins).map((login) => [login, secret()])) as Site['passwords'];
  const ports = {} as Site['ports'];
  for (const name of processes) ports[name] = String(await freePort());
  const mail = await startMailServer({ user: 'zdravo', password: secrets.mail });
  const sms = await startSmsGateway(secrets.sms);
  return { directory, programs, postgres, passwords, secrets, ports, mail, sms };
}

function urlOf({ postgres, passwords }: Site, database: (typeof databases)[number], login?: Login): string {
  const url = new URL(connectionUrl(postgres.url, { database }));
  if (login) Object.assign(url, { username: `${login}_login`, password: passwords[login] });
  return url.href;
}

/** As the migrator, who alone may create; the processes then run under login roles. */
async function migrate(site: Site): Promise<void> {
  await withClient(site.postgres.url, async (client) => {
    for (const name of databases) await client.query(`create database ${name}`);
  });
  const names = databases.map((name) => [`${name.toUpperCase()}_DATABASE_URL`, urlOf(site, name)]);
  const migrated = await runProgram(join(site.programs, 'migrate.ts'), [], {
    ...Object.fromEntries(names),
    ZDRAVO_DATA: join(site.directory, 'migrator'),
  });
  if (migrated.code !== 0) throw new Error(migrated.output);
  await withClient(site.postgres.url, async (client) => {
    for (const [login, roles] of Object.entries(logins))
      await client.query(
        `create role ${login}_login login password '${site.passwords[login as Login]}' in role ${roles.join(', ')}`,
      );
  });
}

async function layOutFiles({ directory, programs, mail, ports }: Site): Promise<void> {
  await mkdir(join(directory, 'keys'));
  for (const module of modules_with_keys)
    await runProgram(join(programs, 'keys.ts'), ['init', join(directory, 'keys', `${module}.json`)], {});
  for (const module of ['mpi-linker', 'mpi-reviewer']) {
    const [file, public_file] = [`${module}.json`, `${module}.public.json`].map((name) =>
      join(directory, 'keys', name),
    );
    await runProgram(join(programs, 'keys.ts'), ['public', file!, public_file!], {});
  }
  const { output } = await runProgram(
    join(programs, 'log.ts'),
    ['init', join(directory, 'log'), 'log.example/split'],
    {},
  );
  const line = /^log \S+$/m.exec(output)![0];
  await writeFile(join(directory, 'log', 'policy'), `${line} http://localhost:${ports.platform}/log\nquorum none\n`);
  await writeFile(join(directory, 'mail-ca.pem'), mail.ca);
}

function operatorSettings(site: Site): Environment {
  return {
    PLATFORM_DATABASE_URL: urlOf(site, 'platform', 'platform'),
    PLATFORM_PUBLIC_URL: `http://localhost:${site.ports.platform}`,
    AUTH_KEY_FILE: join(site.directory, 'keys', 'auth.json'),
  };
}

async function settingsOfAll(site: Site, login_client_id: string): Promise<Record<string, Environment>> {
  const { directory, ports, secrets } = site;
  const keyFile = (name: string) => join(directory, 'keys', `${name}.json`);
  const store_secret = await (await createFileKeyProvider(keyFile('mcs'))).derive('mcs store addresses');
  const public_url = `http://localhost:${ports.platform}`;
  return {
    ops: {
      OPS_PORT: ports.ops,
      OPS_DATABASE_URL: urlOf(site, 'ops', 'ops'),
      OPS_KEYS_DATABASE_URL: urlOf(site, 'ops_keys', 'ops'),
      OPS_KEY_FILE: keyFile('ops'),
      OPS_LOG_FOLDER: join(directory, 'log'),
      OPS_CALLERS: `il:${secrets.ops}`,
    },
    mpi: {
      MPI_PORT: ports.mpi,
      MPI_DATABASE_URL: urlOf(site, 'mpi', 'mpi'),
      MPI_KEYS_DATABASE_URL: urlOf(site, 'mpi_keys', 'mpi'),
      MPI_KEY_FILE: keyFile('mpi'),
      MPI_LINKAGE_KEY_FILE: keyFile('mpi-linkage'),
      MPI_REVIEW_KEY_FILE: keyFile('mpi-review'),
      MPI_LINKER_PUBLIC_KEY_FILE: keyFile('mpi-linker.public'),
      MPI_REVIEWER_PUBLIC_KEY_FILE: keyFile('mpi-reviewer.public'),
      MPI_CALLERS: `il:${secrets.mpi}`,
    },
    'mpi-linker': {
      MPI_LINKER_PORT: ports['mpi-linker'],
      MPI_LINKER_DATABASE_URL: urlOf(site, 'mpi', 'linker'),
      MPI_LINKER_KEYS_DATABASE_URL: urlOf(site, 'mpi_keys', 'linker'),
      MPI_LINKAGE_KEY_FILE: keyFile('mpi-linkage'),
      MPI_LINKER_KEY_FILE: keyFile('mpi-linker'),
    },
    'mpi-review': {
      MPI_REVIEW_PORT: ports['mpi-review'],
      MPI_REVIEW_DATABASE_URL: urlOf(site, 'mpi', 'review'),
      MPI_REVIEW_KEYS_DATABASE_URL: urlOf(site, 'mpi_keys', 'review'),
      MPI_REVIEW_KEY_FILE: keyFile('mpi-review'),
      MPI_REVIEWER_KEY_FILE: keyFile('mpi-reviewer'),
      MPI_REVIEW_CALLERS: `il:${secrets.review}`,
    },
    reports: {
      REPORTS_PORT: ports.reports,
      REPORTS_DATABASE_URL: urlOf(site, 'reports', 'reports'),
      REPORTS_KEY_FILE: keyFile('reports'),
      REPORTS_CALLERS: `gateway:${secrets.reports}`,
      REPORTS_LOG_NAME: 'reports.example/split',
      REPORTS_S3_ENDPOINT: `${public_url}/media`,
      REPORTS_S3_ACCESS_KEY_ID: 'mcs-store-addresses',
      REPORTS_S3_SECRET_ACCESS_KEY: Buffer.from(store_secret).toString('base64url'),
      REPORTS_PUBLIC_URL: `${public_url}/media`,
    },
    'reports-keeper': {
      REPORTS_KEEPER_PORT: ports['reports-keeper'],
      REPORTS_DATABASE_URL: urlOf(site, 'reports'),
      MPI_DATABASE_URL: urlOf(site, 'mpi'),
      OPS_DATABASE_URL: urlOf(site, 'ops'),
      PLATFORM_DATABASE_URL: urlOf(site, 'platform'),
      REPORTS_FEED_PASSWORD: secrets.feed,
    },
    platform: {
      ...operatorSettings(site),
      PLATFORM_PORT: ports.platform,
      IL_KEYS_DATABASE_URL: urlOf(site, 'il_keys', 'platform'),
      MCS_KEYS_DATABASE_URL: urlOf(site, 'mcs_keys', 'platform'),
      IL_KEY_FILE: keyFile('il'),
      MCS_KEY_FILE: keyFile('mcs'),
      MCS_FOLDER: join(directory, 'media'),
      MPI_URL: `http://127.0.0.1:${ports.mpi}`,
      MPI_SECRET: secrets.mpi,
      MPI_REVIEW_URL: `http://127.0.0.1:${ports['mpi-review']}`,
      MPI_REVIEW_SECRET: secrets.review,
      OPS_URL: `http://127.0.0.1:${ports.ops}`,
      OPS_SECRET: secrets.ops,
      REPORTS_URL: `http://127.0.0.1:${ports.reports}`,
      REPORTS_SECRET: secrets.reports,
      LOGIN_CLIENT_ID: login_client_id,
      ZDRAVO_TRUST_FOLDER: join(directory, 'trusted'),
      SMTP_HOST: 'localhost',
      SMTP_PORT: String(site.mail.port),
      SMTP_USER: 'zdravo',
      SMTP_PASSWORD: secrets.mail,
      SMTP_FROM: 'Zdravo <no-reply@zdravo.example>',
      SMTP_CA_FILE: join(directory, 'mail-ca.pem'),
      SMS_WEBHOOK_URL: site.sms.url,
      SMS_WEBHOOK_SECRET: secrets.sms,
    },
  };
}
