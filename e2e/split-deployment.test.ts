import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Environment } from '@zdravo/dev/demo/environment';
import { play } from '@zdravo/dev/demo/play';
import { civilDate } from '@zdravo/kit/clock';
import { type Deployment, processes, startDeployment } from './deployment.ts';
import { checkSeries, figuresAt, namesIn, watchedFigures } from './figures.ts';

// The modules apart, as in production: processes that know each other's addresses and secrets only, under login roles of their own.

const directory = await mkdtemp(join(tmpdir(), 'zdravo-split-'));
let deployment: Deployment;
before(async () => {
  deployment = await startDeployment(directory);
});
after(async () => {
  await deployment?.stop();
  await rm(directory, { recursive: true, force: true });
});

test('the whole story plays through processes that talk over HTTP, SMTP and an SMS gateway', async () => {
  const told: string[] = [];
  const today = civilDate(new Date(), 'Europe/Kyiv');
  const environment = await play(deployment.stage, (text) => told.push(text), 1, today);
  await everythingIsAsNamed(environment);
  assert.match(told.at(-1)!, /Anybody may read it: http:\S+capitation\.csv/);
  const file = await fetch(told.at(-1)!.split(': ')[1]!);
  assert.equal(file.status, 200);
  assert.match(await file.text(), /legal_entity/);
});

/** API tools rely on what the story leaves (design.md §8): each thing is there, in the state that its name says. */
async function everythingIsAsNamed({ ids, tokens, client }: Environment): Promise<void> {
  const { api } = deployment.stage;
  const read = async (path: string, token: string) =>
    (await api.expect('GET', path, { token, api_key: client.api_key })).body.data;
  const states = {
    ...{ employee_request_new: 'NEW', employee_request_approved: 'APPROVED', employee_request_rejected: 'REJECTED' },
    ...{ declaration_request_new: 'NEW', declaration_request_approved: 'APPROVED' },
    ...{ declaration_request_rejected: 'REJECTED', declaration_request_signed: 'SIGNED' },
    ...{ declaration: 'active', declaration_pending: 'pending_verification', declaration_terminated: 'terminated' },
  };
  for (const [name, status] of Object.entries(states)) {
    const [kind] = /^(employee_request|declaration_request|declaration)/.exec(name)!;
    const token = kind === 'employee_request' ? tokens.hr : tokens.doctor;
    assert.equal((await read(`/api/${kind}s/${ids[name as keyof typeof states]}`, token)).status, status, name);
  }
  assert.equal((await read(`/api/declarations/${ids.declaration}`, tokens.doctor)).person.id, ids.person);
  assert.equal((await read(`/api/employees/${ids.hr}`, tokens.owner)).employee_type, 'HR');
  assert.equal((await read(`/api/capitation_reports/${ids.capitation_report}`, tokens.nhs_admin)).state, 'published');
}

test('what is public of the log comes through the gateway from the process that keeps it', async () => {
  const { address } = deployment;
  const [checkpoint, policy, nothing, outside] = await Promise.all(
    ['/log/checkpoint', '/log/policy', '/log/tile/0/999', '/log/..%2fhealth/live'].map((path) => fetch(address + path)),
  );
  assert.equal(checkpoint!.status, 200);
  assert.match(await checkpoint!.text(), /^log\.example\/split\n[1-9]/);
  assert.match(await policy!.text(), /^log log\.example\/split/);
  assert.equal(nothing!.status, 404);
  assert.equal(outside!.status, 404);
});

test('every process tells its health', async () => {
  for (const name of processes)
    for (const path of ['/health/live', '/health/ready'])
      assert.equal((await fetch(deployment.addressOf(name) + path)).status, 200, name + path);
});

/** A route of a contract, not health. */
const called =
  /^http_request_duration_seconds_count\{method="\w+",route="\/(?!health|metrics)[^"]+",status="20\d"\} [1-9]/m;

/** One of its own for each; what all have is held against alerts and dashboards. */
const own_figures: Record<(typeof processes)[number], RegExp> = {
  ops: /^zdravo_log_checkpoint_leaves [1-9]/m,
  mpi: /^zdravo_mpi_batch_timestamp_seconds \d/m,
  'mpi-linker': /^zdravo_linkage_queue \d/m,
  'mpi-review': /^database_pool_size\{pool="mpi-review-keys"\} 4$/m,
  reports: /^zdravo_capitation_published_timestamp_seconds [1-9]/m,
  'reports-keeper': /^zdravo_replica_lag_seconds\{source="mpi"\} \d/m,
  platform: /^event_feed_behind_seconds\{consumer="il",feed="merges"\} \d/m,
};

test('every process tells its figures to the holder of its token, and together all that alerts and dashboards name', async () => {
  const told = new Set<string>();
  for (const name of processes) {
    const address = deployment.addressOf(name);
    for (const authorization of ['', 'Bearer another'])
      assert.equal((await fetch(`${address}/metrics`, { headers: { authorization } })).status, 404, name);
    const text = await figuresAt(address, deployment.metrics_token);
    checkSeries(text, name);
    assert.match(text, own_figures[name], name);
    if (['ops', 'mpi', 'reports', 'platform'].includes(name)) assert.match(text, called, name);
    assert.doesNotMatch(text, /^metrics_source_up\{[^}]*\} 0$/m, name);
    for (const figure of namesIn(text)) told.add(figure);
    for (const common of ['http_request_duration_seconds', 'event_loop_delay_seconds', 'process_start_time_seconds'])
      assert.ok(namesIn(text).has(common), `${name} ${common}`);
  }
  const { named } = await watchedFigures();
  // The auditor works beside the processes and leaves a file.
  const missing = [...named].filter((name) => !told.has(name) && !name.startsWith('zdravo_audit_'));
  assert.deepEqual(missing, []);
});

test('there is no outbox page, and no process prints a secret', async () => {
  for (const path of ['/outbox', '/outbox/messages'])
    assert.equal((await fetch(deployment.address + path)).status, 404);
  const { output, secrets } = deployment;
  assert.ok(output().length > 0 && secrets.length > 10);
  for (const secret of secrets) assert.ok(!output().includes(secret), 'a secret stands in the output');
});

test('the operator gives a client another secret when its own was lost; the old one is of no use then', async () => {
  const flags = ['--name', 'Lost', '--email', 'lost@mis.example', '--redirect-uri', 'http://localhost:4010/callback'];
  const pattern = /^client_id=(\S+)\nclient_secret=(\S+)$/m;
  const [, id, lost] = pattern.exec((await deployment.operate('accounts.ts', ['vendor', ...flags])).output)!;
  const [, same_id, found] = pattern.exec(
    (await deployment.operate('accounts.ts', ['secret', '--client', id!])).output,
  )!;
  assert.equal(same_id, id);
  const refusalOf = async (client_secret: string) => {
    const token = { grant_type: 'refresh_token', refresh_token: 'none', client_id: id, client_secret };
    return (await deployment.stage.api.call('POST', '/oauth/tokens', { body: { token } })).body.error.code;
  };
  assert.notEqual(await refusalOf(lost!), await refusalOf(found!));
  const unknown = await deployment.operate('accounts.ts', ['secret', '--client', randomUUID()]);
  assert.equal(unknown.code, 1);
  assert.match(unknown.output, /no such client/);
});

test('the platform is not ready while the patient index is away, and is again when it is back', async () => {
  const ready = async () => (await fetch(`${deployment.address}/health/ready`)).status;
  assert.equal(await ready(), 200);
  await deployment.stopOne('mpi');
  assert.equal(await ready(), 503);
  await deployment.startOne('mpi');
  assert.equal(await ready(), 200);
});
