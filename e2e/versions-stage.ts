import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DeclarationPerson, generateCountry } from '@zdravo/country-ua';
import { foundClinic, signInVendor } from '@zdravo/dev/demo/clinics';
import { declare } from '@zdravo/dev/demo/declarations';
import { openDatabase } from '@zdravo/kit/db';
import { testLogger } from '@zdravo/kit/testing';
import { openVersionAudit } from '@zdravo/mpi';
import { type AuditState, type OpsTables, published_name, runAudit } from '@zdravo/ops';
import { createFileTileStore, parsePolicy } from '@zdravo/tlog';
import { type StageOptions, startStage, type TestStage } from './stage.ts';

/** Five persons with a declaration each, and an operator who audits. */
export type VersionsStage = {
  stage: TestStage;
  ids: string[];
  mpi: (text: string, values?: unknown[]) => ReturnType<TestStage['query']>;
  takeBatches: () => Promise<void>;
  logBatches: () => Promise<void>;
  /** A new version of somebody, written through the contract. */
  writeAgain(at: number): Promise<void>;
  /** The command in a process of its own, as an operator runs it. */
  runCommand(): Promise<{ code: number; output: string }>;
  /** What the command does, in this process. @returns a line for each finding. */
  audit(options?: { full?: boolean; longest_wait_s?: number }): Promise<string[]>;
};

const persons = 5;
const country = generateCountry({ seed: 'person versions', persons: 4096 });
const people = [...country.persons(0, 200)].map((one) => one.person).filter(hasPhone);

export async function startVersionsStage(options: StageOptions = {}): Promise<VersionsStage> {
  const stage = await startStage(options);
  const clinic = await foundClinic(stage, await signInVendor(stage), country.clinic(0), 'FAMILY_DOCTOR');
  for (const person of people.slice(0, persons)) {
    const signed = await declare(stage, clinic, person);
    assert.equal(signed.status, 200, JSON.stringify(signed.body));
  }
  const mpi: VersionsStage['mpi'] = (text, values) => stage.query('mpi', text, values);
  const ids = (await mpi('select id from mpi.persons order by created_at')).map((row) => row['id'] as string);
  return {
    stage,
    ids,
    mpi,
    takeBatches: () => stage.platform.runJob('batch_person_versions'),
    logBatches: () => stage.platform.runJob('log_person_versions'),
    writeAgain: (at) => writeAgain(stage, ids[at]!),
    runCommand: () => runCommand(stage),
    audit: createAudit(stage),
  };
}

function hasPhone({ birth_date, authentication_methods: [method] }: DeclarationPerson): boolean {
  return birth_date < '2000-01-01' && method?.type === 'OTP';
}

async function writeAgain({ platform }: TestStage, id: string): Promise<void> {
  const context = { request_id: 'test', purpose: 'test' };
  const { person } = await platform.mpi.getPerson({ params: { id } }, context);
  const source = { type: 'declaration_request', id: crypto.randomUUID() };
  await platform.mpi.putPerson({ params: { id }, body: { person, source } }, context);
}

async function runCommand(stage: TestStage): Promise<{ code: number; output: string }> {
  await allPublished(stage);
  const program = fileURLToPath(import.meta.resolve('@zdravo/dev/audit'));
  const env = { ...process.env, ZDRAVO_DATA: stage.directory, NODE_NO_WARNINGS: '1' };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, '--without-containers'], { env }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), output: stdout + stderr }),
    );
  });
}

function createAudit(stage: TestStage): VersionsStage['audit'] {
  let state: AuditState = {};
  return async ({ full = true, longest_wait_s = 300 } = {}) => {
    await allPublished(stage);
    const { ops: url, mpi: database_url } = stage.platform.database_urls;
    const reader = openDatabase<OpsTables>({ url, role: 'zdravo_ops_auditor', application_name: 'auditor' });
    const index = openVersionAudit({ database_url, log: testLogger('auditor'), longest_wait_s });
    try {
      const report = await runAudit({
        db: reader.db,
        ...(await publishedLog(stage)),
        state,
        full,
        now: new Date(),
        person_versions: index,
      });
      state = report.state;
      const lines = report.findings.map(({ code, message }) => `${message} [${code}]`);
      lines.forEach(assertNamesNobody);
      return lines;
    } finally {
      await Promise.all([reader.close(), index.close()]);
    }
  };
}

async function publishedLog({ directory }: TestStage) {
  const folder = join(directory, 'log');
  return {
    tiles: createFileTileStore(join(folder, 'public')),
    readCheckpoint: () => readFile(join(folder, 'checkpoints', `${published_name}.checkpoint`)),
    policy: parsePolicy(await readFile(join(folder, 'policy'))),
  };
}

function assertNamesNobody(line: string): void {
  for (const { last_name } of people.slice(0, persons)) assert.ok(!line.includes(last_name), 'names nobody');
  assert.doesNotMatch(line, /undefined|null/);
}

async function allPublished(stage: TestStage): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const [row] = await stage.query(
      'ops',
      'select (select max(size) from ops.log_checkpoints)::int = (select count(*) from ops.log_entries)::int and not exists (select from ops.pending_leaves) as done',
    );
    if (row!['done']) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail('leaves are not published');
}
