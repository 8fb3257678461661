import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type DeclarationPerson, generateCountry } from '@zdravo/country-ua';
import { foundClinic, signInVendor } from '@zdravo/dev/demo/clinics';
import { declare } from '@zdravo/dev/demo/declarations';
import type { Neighbours } from '@zdravo/dev/platform';
import { openDatabase } from '@zdravo/kit/db';
import { testLogger } from '@zdravo/kit/testing';
import { openVersionAudit } from '@zdravo/mpi';
import { type AuditState, type OpsTables, published_name, runAudit } from '@zdravo/ops';
import { createFileTileStore, parsePolicy } from '@zdravo/tlog';
import { type Failure, failingCalls } from './failing-calls.ts';
import { startStage, type TestStage } from './stage.ts';

// Versions of persons on their way to the log, and what `npm run audit` says when somebody with every password lays hands on them.

let stage: TestStage;
const country = generateCountry({ seed: 'person versions', persons: 4096 });
const people = [...country.persons(0, 200)].map((one) => one.person).filter(hasPhone);
let ids: string[] = [];

type Step = 'putPersonVersionBatch' | 'findPersonVersionBatches';
let failure: Failure<Step> | undefined;
const failing = failingCalls<Step>(() => failure);

function interpose({ ops, ...others }: Neighbours): Neighbours {
  return {
    ...others,
    ops: {
      ...ops,
      putPersonVersionBatch: failing('putPersonVersionBatch', ops.putPersonVersionBatch),
      findPersonVersionBatches: failing('findPersonVersionBatches', ops.findPersonVersionBatches),
    },
  };
}

function hasPhone({ birth_date, authentication_methods: [method] }: DeclarationPerson): boolean {
  return birth_date < '2000-01-01' && method?.type === 'OTP';
}

before(async () => {
  stage = await startStage({ interpose });
  const clinic = await foundClinic(stage, await signInVendor(stage), country.clinic(0), 'FAMILY_DOCTOR');
  for (let at = 0; at < 5; at++) {
    const signed = await declare(stage, clinic, people[at]!);
    assert.equal(signed.status, 200, JSON.stringify(signed.body));
  }
  ids = (await mpi('select id from mpi.persons order by created_at')).map((row) => row['id'] as string);
});
after(() => stage?.close());

const mpi = (text: string, values?: unknown[]) => stage.query('mpi', text, values);
const takeBatches = () => stage.platform.runJob('batch_person_versions');
const logBatches = () => stage.platform.runJob('log_person_versions');

/** A new version of somebody, written through the contract. */
async function writeAgain(at: number): Promise<void> {
  const context = { request_id: 'test', purpose: 'test' };
  const { person } = await stage.platform.mpi.getPerson({ params: { id: ids[at]! } }, context);
  const source = { type: 'declaration_request', id: crypto.randomUUID() };
  await stage.platform.mpi.putPerson({ params: { id: ids[at]! }, body: { person, source } }, context);
}

/** The command in a process of its own, as an operator runs it. */
async function runCommand(): Promise<{ code: number; output: string }> {
  await allPublished();
  const program = fileURLToPath(import.meta.resolve('@zdravo/dev/audit'));
  const env = { ...process.env, ZDRAVO_DATA: stage.directory, NODE_NO_WARNINGS: '1' };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, '--without-containers'], { env }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), output: stdout + stderr }),
    );
  });
}

let state: AuditState = {};

/** What the command does, in this process. @returns a line for each finding. */
async function audit({ full = true, longest_wait_s = 300 } = {}): Promise<string[]> {
  await allPublished();
  const folder = join(stage.directory, 'log');
  const { ops: url, mpi: database_url } = stage.platform.database_urls;
  const reader = openDatabase<OpsTables>({ url, role: 'zdravo_ops_auditor', application_name: 'auditor' });
  const index = openVersionAudit({ database_url, log: testLogger('auditor'), longest_wait_s });
  try {
    const report = await runAudit({
      db: reader.db,
      tiles: createFileTileStore(join(folder, 'public')),
      readCheckpoint: () => readFile(join(folder, 'checkpoints', `${published_name}.checkpoint`)),
      policy: parsePolicy(await readFile(join(folder, 'policy'))),
      state,
      full,
      now: new Date(),
      person_versions: index,
    });
    state = report.state;
    const lines = report.findings.map(({ code, message }) => `${message} [${code}]`);
    for (const line of lines) {
      assert.ok(
        people.slice(0, 5).every(({ last_name }) => !line.includes(last_name)),
        'names nobody',
      );
      assert.doesNotMatch(line, /undefined|null/);
    }
    return lines;
  } finally {
    await Promise.all([reader.close(), index.close()]);
  }
}

async function allPublished(): Promise<void> {
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

/** Batches of the index, and the leaves that each has, waiting or placed. */
async function leavesOfBatches(): Promise<number[]> {
  const batches = await mpi('select id from mpi.version_batches order by position');
  const leaves = await stage.query(
    'ops',
    `select record_id from ops.log_entries where kind = 'person_versions' union all select record_id from ops.pending_leaves where kind = 'person_versions'`,
  );
  assert.ok(leaves.every((leaf) => batches.some(({ id }) => id === leaf['record_id'])));
  return batches.map(({ id }) => leaves.filter((leaf) => leaf['record_id'] === id).length);
}

test('what was signed is in a batch and the batch in the log; the audit counts them and finds all whole', async () => {
  await takeBatches();
  await logBatches();
  const { code, output } = await runCommand();
  assert.equal(code, 0, output);
  assert.match(output, /^WHOLE, as far as it was read: [\s\S]*, 5 versions of persons in [12] batches\./);
  assert.deepEqual(await audit(), []);
});

for (const step of ['findPersonVersionBatches', 'putPersonVersionBatch'] as const)
  for (const moment of ['before', 'after'] as const)
    test(`the line breaks ${moment} ${step}: the next run brings the batch, and it has one leaf`, async () => {
      await writeAgain(0);
      await takeBatches();
      failure = { step, moment };
      try {
        await assert.rejects(logBatches(), /the line was cut/);
      } finally {
        failure = undefined;
      }
      await Promise.all([logBatches(), logBatches()]);
      assert.deepEqual(new Set(await leavesOfBatches()), new Set([1]));
      assert.deepEqual(await audit({ full: moment === 'after' }), []);
    });

test('another batch under an id that has its leaf is refused, and nothing of it is kept', async () => {
  const [batch] = await stage.platform.mpi.listVersionBatches({ query: { limit: 1 } }, { request_id: 'test' });
  const { id, position: _position, ...body } = batch!;
  const put = (changes: object) =>
    stage.platform.ops.putPersonVersionBatch({ params: { id }, body: { ...body, ...changes } }, { request_id: 'test' });
  await put({});
  for (const changes of [
    { root: '0'.repeat(64) },
    { count: 9 },
    { is_last: false },
    { taken_at: '2020-01-01T00:00:00.000000Z' },
  ])
    await assert.rejects(put(changes), { status: 409, code: 'person_version_batch_differs' });
  await assert.rejects(put({ root: 'secret' }), { status: 422 });
  assert.deepEqual(new Set(await leavesOfBatches()), new Set([1]));
});

const tables = ['persons', 'version_batches', 'person_versions', 'batched_versions', 'unbatched_versions'];

/** Lays hands on the index, asks the audit, and takes them off again. */
async function attacked(work: () => Promise<unknown>, options = {}): Promise<string[]> {
  await logBatches();
  for (const table of tables) await mpi(`create table public.kept_${table} as table mpi.${table}`);
  try {
    await work();
    return await audit(options);
  } finally {
    const back = tables.map((table) => `delete from mpi.${table}; insert into mpi.${table} ${kept(table)};`).join('');
    await mpi(`set session_replication_role = replica; ${back}`);
    for (const table of tables) await mpi(`drop table public.kept_${table}`);
  }
}

/** `persons` has generated columns. */
function kept(table: string): string {
  if (table !== 'persons') return `table public.kept_${table}`;
  const columns = 'id, status, parent_id, version, pseudonym, created_at, updated_at, merged_at, erased_at';
  return `(${columns}) select ${columns} from public.kept_persons`;
}

/** What the decision calls the digest of a row. */
const digest = `sha256(record_send(row(row.person_id, row.version, row.schema_version, row.data_key, row.source_type,
  row.source_id, row.written_as, row.recorded_at, row.content_mac, row.ciphertext)))`;
const replaced =
  'update mpi.person_versions set ciphertext = set_byte(ciphertext, 60, get_byte(ciphertext, 60) # 1) where person_id = $1 and version = 1';
const unseen = (statement: string, person_id: string) =>
  mpi(`set session_replication_role = replica; ${statement.replaceAll('$1', `'${person_id}'`)}`);

async function alterWithDigest(person_id: string): Promise<void> {
  await mpi(replaced, [person_id]);
  await mpi(
    `update mpi.batched_versions member set digest = ${digest} from mpi.person_versions row
     where row.person_id = $1 and member.person_id = row.person_id and member.version = row.version`,
    [person_id],
  );
}

test('a version with other bytes is named, in all and in what is new', async () => {
  await writeAgain(1);
  await takeBatches();
  await logBatches();
  const altered = 'update mpi.person_versions set source_id = gen_random_uuid() where person_id = $1 and version = 2';
  for (const full of [false, true]) {
    const findings = await attacked(() => mpi(altered, [ids[1]]), { full });
    assert.equal(findings.length, 1, findings.join());
    assert.match(
      findings[0]!,
      new RegExp(`Version 2 of person ${ids[1]}\\. It is not that of its digest.*\\[record_altered\\]$`),
    );
  }
});

test('a version that was replaced together with its digest gives another root: its batch is named', async () => {
  const findings = await attacked(() => alterWithDigest(ids[2]!));
  assert.equal(findings.length, 1, findings.join());
  assert.match(
    findings[0]!,
    /Batch [0-9a-f-]{36} of \d versions of persons, taken .*Z, leaf \d+\. A version in it was replaced together with its digest.*\[record_altered\]$/,
  );
});

test('… and when the root of the batch is altered too, its leaf says another', async () => {
  const findings = await attacked(async () => {
    await alterWithDigest(ids[2]!);
    await mpi(`update mpi.version_batches set root = sha256('forged') where position = 1`);
  });
  assert.equal(findings.length, 1, findings.join());
  assert.match(findings[0]!, /It says another root, number or time than its leaf.*\[record_altered\]$/);
});

test('a batch whose time or number was altered is named', async () => {
  for (const change of ["taken_at = taken_at - interval '1 hour'", 'count = count + 1', 'is_last = not is_last']) {
    const findings = await attacked(() => mpi(`update mpi.version_batches set ${change} where position = 1`));
    assert.match(findings.join('\n'), /It says another root, number or time than its leaf.*\[record_altered\]/, change);
  }
});

test('a deleted version is named; deleted with its digest, by its batch and by the person’s numbers', async () => {
  const gone = await attacked(() =>
    unseen('delete from mpi.person_versions where person_id = $1 and version = 1', ids[0]!),
  );
  assert.match(
    gone.join('\n'),
    new RegExp(`Version 1 of person ${ids[0]}\\. It is gone; the batch of .*\\[record_missing\\]`),
  );
  const both = await attacked(() =>
    unseen(
      'delete from mpi.person_versions where person_id = $1 and version = 1; delete from mpi.batched_versions where person_id = $1 and version = 1',
      ids[0]!,
    ),
  );
  assert.equal(both.length, 2, both.join());
  assert.match(both.join('\n'), /Its leaf is of \d versions, \d are in it.*\[record_altered\]/);
  assert.match(
    both.join('\n'),
    new RegExp(`Person ${ids[0]}\\. The present state is that of version 5, 4 are there.*\\[head_differs\\]`),
  );
});

test('an older version that is made the present one again is named', async () => {
  const findings = await attacked(() => mpi('update mpi.persons set version = 1 where id = $1', [ids[0]]));
  assert.match(
    findings.join('\n'),
    new RegExp(
      `Person ${ids[0]}\\. The present state is that of version 1, 5 are there, the newest 5.*\\[head_differs\\]`,
    ),
  );
});

test('a deleted batch is missed by its leaf, with or without its versions', async () => {
  const batch = await attacked(() =>
    mpi('set session_replication_role = replica; delete from mpi.version_batches where position = 2'),
  );
  assert.match(
    batch.join('\n'),
    /Batch [0-9a-f-]{36} of 1 versions of persons.*It is gone from the patient index.*\[record_missing\]/,
  );
  const all = await attacked(() =>
    unseen(
      `delete from mpi.person_versions row using mpi.batched_versions member where member.batch = 2 and member.person_id = row.person_id and member.version = row.version;
       delete from mpi.batched_versions where batch = 2; delete from mpi.version_batches where position = 2`,
      ids[0]!,
    ),
  );
  assert.match(all.join('\n'), /It is gone from the patient index.*\[record_missing\]/);
});

const forged = `insert into mpi.person_versions (person_id, version, ciphertext, source_type, source_id, recorded_at, schema_version, data_key)
  select person_id, 2, ciphertext, source_type, source_id, now() - interval '1 year', schema_version, data_key
  from mpi.person_versions where person_id = $1 and version = 1; update mpi.persons set version = 2 where id = $1`;

test('a version that was inserted past the trigger is in no batch and waits for none', async () => {
  const findings = await attacked(() => unseen(forged, ids[3]!));
  assert.equal(findings.length, 1, findings.join());
  assert.match(
    findings[0]!,
    new RegExp(
      `Version 2 of person ${ids[3]}\\. It claims to be of .*; no batch holds it, and it waits for none.*\\[record_unlogged\\]$`,
    ),
  );
});

test('what waits longer than it may is told: a version for its batch, a batch for its leaf', async () => {
  await writeAgain(0);
  await takeBatches();
  await writeAgain(0);
  const impatient = { longest_wait_s: 0 };
  const findings = await audit(impatient);
  // The timers of the running platform may be faster by a step.
  assert.match(
    findings.join('\n'),
    /1 versions of persons wait for a batch, the first since 20.*\[record_late\]|No leaf stands for it/,
  );
  await takeBatches();
  const unlogged = await audit(impatient);
  assert.ok(
    unlogged.every((line) => /Batch .* No leaf stands for it, and it was taken .*\[record_unlogged\]$/.test(line)),
  );
  assert.deepEqual(await audit(), []);
  await logBatches();
  assert.deepEqual(await audit(impatient), []);
});

test('a leaf that cannot be read any more is named, and does not end the audit', async () => {
  const entry = (text: string) =>
    stage.query(
      'ops',
      `update ops.log_entries set entry = convert_to(replace(convert_from(entry, 'UTF8'), $1, $2), 'UTF8')
       where leaf_index = (select max(leaf_index) from ops.log_entries where kind = 'person_versions')`,
      text === 'broken' ? ['"h":"', '"h":{"'] : ['"h":{"', '"h":"'],
    );
  await entry('broken');
  const findings = await audit();
  await entry('whole');
  assert.match(findings.join('\n'), /\[entry_differs\]/);
  assert.match(
    findings.join('\n'),
    /calls itself a batch of versions of persons, and cannot be read.*\[record_altered\]/,
  );
});

test('a leaf whose label was altered is not overlooked', async () => {
  const relabel = (kind: string, other: string) =>
    stage.query(
      'ops',
      'update ops.log_entries set kind = $2 where leaf_index = (select max(leaf_index) from ops.log_entries where kind = $1)',
      [kind, other],
    );
  await relabel('person_versions', 'document');
  const findings = await audit();
  await relabel('document', 'person_versions');
  assert.match(findings.join('\n'), /The database labels its leaf as that of another record.*\[record_misplaced\]/);
});

test('a batch that the index never took is a leaf without a batch', async () => {
  const body = { root: 'a'.repeat(64), count: 3, is_last: true, taken_at: '2026-01-01T00:00:00.000000Z' };
  const id = crypto.randomUUID();
  await stage.platform.ops.putPersonVersionBatch({ params: { id }, body }, { request_id: 'test' });
  const findings = await audit();
  assert.equal(findings.length, 1, findings.join());
  assert.match(
    findings[0]!,
    new RegExp(`Batch ${id} of 3 versions of persons, taken 2026-01-01.*\\[record_missing\\]$`),
  );
});

test('a version that was inserted later with an old date is batched as any other, and its date is told to be false', async () => {
  await mpi(forged.replaceAll('$1', `'${ids[4]}'`));
  await takeBatches();
  await logBatches();
  const findings = await audit();
  assert.equal(findings.length, 2, findings.join());
  assert.match(
    findings.join('\n'),
    new RegExp(
      `Version 2 of person ${ids[4]}\\. It claims to be of .*, was not there when nothing waited at .*, and came with the batch of .*\\[record_back_dated\\]`,
    ),
  );
});
