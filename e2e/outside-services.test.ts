import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { generateCountry } from '@zdravo/country-ua';
import { type Clinic, foundClinic, signInOfficer, signInVendor } from '@zdravo/dev/demo/clinics';
import { approveRequest, contentToSign, createRequest, sendSigned } from '@zdravo/dev/demo/declarations';
import { freePort, startVaultStandIn, type VaultStandIn } from '@zdravo/kit/testing';
import { sampleJpeg } from '@zdravo/mcs';
import { eicar, findsEicar, startClamdStandIn } from '@zdravo/mcs/testing';
import { modules_with_keys } from './modules-with-keys.ts';
import { startStage, type TestStage } from './stage.ts';

// The platform by its settings only: files in an S3 of another process, keys in Vault, uploads scanned by clamd.

const country = generateCountry({ seed: 'outside services', persons: 4096 });
let folder: string;
let store: ChildProcess;
let vault: VaultStandIn;
let clamd: Awaited<ReturnType<typeof startClamdStandIn>>;
let stage: TestStage;
let clinic: Clinic;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zdravo-outside-'));
  const s3 = {
    ZDRAVO_S3_REGION: 'eu-test-1',
    ZDRAVO_S3_ACCESS_KEY_ID: 'platform',
    ZDRAVO_S3_SECRET_ACCESS_KEY: 'a-secret-of-at-least-24-characters',
    ZDRAVO_S3_QUARANTINE_BUCKET: 'nhs-quarantine',
    ZDRAVO_S3_CLEAN_BUCKET: 'nhs-clean',
    ZDRAVO_S3_PUBLIC_BUCKET: 'nhs-public',
  };
  const port = String(await freePort());
  store = await startStore({ ...s3, STORE_PORT: port, STORE_FOLDER: join(folder, 'store') });
  vault = await startVaultStandIn({ keys: modules_with_keys.map((module) => `zdravo-${module}`) });
  await writeFile(join(folder, 'token'), vault.token);
  clamd = await startClamdStandIn(findsEicar);
  stage = await startStage({
    environment: {
      ...s3,
      ZDRAVO_S3_ENDPOINT: `http://127.0.0.1:${port}`,
      ZDRAVO_CLAMD: `127.0.0.1:${clamd.port}`,
      ZDRAVO_KEYS: 'vault',
      ZDRAVO_VAULT_ADDRESS: vault.endpoint,
      ZDRAVO_VAULT_TOKEN_FILE: join(folder, 'token'),
    },
  });
  clinic = await foundClinic(stage, await signInVendor(stage), country.clinic(0), 'FAMILY_DOCTOR');
});
after(async () => {
  await stage?.close();
  store?.kill();
  clamd?.server.close();
  await vault?.close();
  await rm(folder, { recursive: true, force: true });
});

test('scans go to the S3 of another process, an infected one is refused, and the payer reads the good one', async () => {
  const person = [...country.persons(0, 200)]
    .map((one) => one.person)
    .find((one) => one.birth_date < '2000-01-01' && one.tax_id)!;
  const created = await createRequest(stage, clinic, { ...person, authentication_methods: [{ type: 'OFFLINE' }] });
  const { id } = created.body.data;
  const doctor = { token: clinic.doctor.token, api_key: stage.sign_ins.mis.client_secret };
  const approve = () =>
    stage.api.call('PATCH', `/api/declaration_requests/${id}/actions/approve`, { ...doctor, body: {} });
  for (const { url } of created.body.urgent.documents)
    await put(url, sampleJpeg({ comment: eicar.toString('latin1') }));
  const refused = await approve();
  assert.deepEqual([refused.status, refused.body.error.code], [409, 'documents_refused'], JSON.stringify(refused.body));

  const again = await stage.api.expect('GET', `/api/declaration_requests/${id}`, doctor);
  assert.equal((await approveRequest(stage, clinic, again)).status, 200);
  const signed = await sendSigned(stage, clinic, id, await contentToSign(stage, clinic, id));
  assert.equal(signed.body.data.status, 'pending_verification', JSON.stringify(signed.body));
  const officer = { token: await signInOfficer(stage) };
  const documents = await stage.api.expect('GET', `/api/declarations/${signed.body.data.id}/documents`, officer);
  const read = await fetch(documents.body.data[0].url);
  assert.deepEqual(Buffer.from(await read.arrayBuffer()), sampleJpeg());
  const part = await fetch(documents.body.data[0].url, { headers: { range: 'bytes=-3' } });
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), sampleJpeg().subarray(-3));
  assert.deepEqual((await readdir(join(folder, 'store'))).filter((name) => name.startsWith('nhs-')).sort(), [
    'nhs-clean',
    'nhs-public',
    'nhs-quarantine',
  ]);
});

test('every wrapped key is of Vault, and after a rotation of its newest version', async () => {
  for (const module of modules_with_keys) vault.rotate(`zdravo-${module}`);
  const own = ['rewrap_media_keys', 'rewrap_seed_keys', 'rewrap_request_keys', 'rewrap_person_keys'];
  for (const job of [...own, 'rewrap_sketch_epochs']) await stage.platform.runJob(job);
  for (const database of ['mcs_keys', 'ops_keys', 'il_keys', 'mpi_keys'] as const) {
    const rows = await stage.query(database, 'select distinct key_id from wrapped_keys where bytes is not null');
    // The keys of requests are dropped when their requests end.
    assert.ok(
      rows.every((row) => row['key_id'] === 'vault:v2') && (rows.length === 1 || database === 'il_keys'),
      database,
    );
  }
});

async function put(url: string, bytes: Buffer): Promise<void> {
  const answer = await fetch(url, {
    method: 'PUT',
    headers: { 'content-type': 'image/jpeg' },
    body: new Uint8Array(bytes),
  });
  assert.equal(answer.status, 200, await answer.text());
}

/** `npm start -- store`, until it says that it is ready. */
async function startStore(environment: Record<string, string>): Promise<ChildProcess> {
  const program = join(import.meta.dirname, '..', 'dev', 'start.ts');
  const child = spawn(process.execPath, [program, 'store'], { env: { ...process.env, ...environment } });
  let output = '';
  const listen = (chunk: Buffer) => {
    output += chunk;
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  for (let tries = 0; tries < 600 && !/^ready store/m.test(output); tries += 1) {
    assert.equal(child.exitCode, null, output);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return child;
}
