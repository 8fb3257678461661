import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type DeclarationPerson, generateCountry } from '@zdravo/country-ua';
import { type Clinic, foundClinic, signInVendor } from '@zdravo/dev/demo/clinics';
import { declare } from '@zdravo/dev/demo/declarations';
import { settableClock } from '@zdravo/kit/clock';
import { type RestorableStage, startRestorableStage } from './restored-stage.ts';

// The index, then Operations, are brought back to an earlier point: what the audit says of the batches of versions.

const country = generateCountry({ seed: 'restored versions', persons: 4096 });
const people = [...country.persons(0, 200)].map((one) => one.person).filter(hasPhone);
let theatre: RestorableStage;
let clinic: Clinic;
const stage = () => theatre.stage;

function hasPhone({ birth_date, authentication_methods: [method] }: DeclarationPerson): boolean {
  return birth_date < '2000-01-01' && method?.type === 'OTP';
}

before(async () => {
  theatre = await startRestorableStage(settableClock(new Date().toISOString(), 'Europe/Kyiv'));
  clinic = await foundClinic(stage(), await signInVendor(stage()), country.clinic(0), 'FAMILY_DOCTOR');
});
after(() => theatre?.close());

/** Somebody signs, and their version comes to the log. @returns the batch. */
async function signAndLog(): Promise<string> {
  const signed = await declare(stage(), clinic, people.pop()!);
  assert.equal(signed.status, 200, JSON.stringify(signed.body));
  for (const job of ['batch_person_versions', 'log_person_versions']) await stage().platform.runJob(job);
  const [batch] = await stage().query('mpi', 'select id from mpi.version_batches order by position desc limit 1');
  return batch!['id'] as string;
}

/** What the command says of batches, versions and persons. */
async function auditVersions(): Promise<string[]> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const [row] = await stage().query(
      'ops',
      'select (select max(size) from ops.log_checkpoints)::int = (select count(*) from ops.log_entries)::int and not exists (select from ops.pending_leaves) as done',
    );
    if (row!['done']) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const program = fileURLToPath(import.meta.resolve('@zdravo/dev/audit'));
  const env = { ...process.env, ZDRAVO_DATA: theatre.directory, NODE_NO_WARNINGS: '1' };
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, [program, '--without-containers'], { env }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
  assert.match(output, /versions of persons in \d+ batches/, output);
  return output.split('\n').filter((line) => /^\d+\. /.test(line));
}

test('an index that was restored lacks a batch that the log has: that is named, and nothing else, whatever comes after', async () => {
  await signAndLog();
  await theatre.snapshot();
  const lost = await signAndLog();
  assert.deepEqual(await auditVersions(), []);
  await theatre.restore('mpi');
  const named = new RegExp(
    `^1\\. .*Batch ${lost} of 1 versions of persons.*It is gone from the patient index.*\\[record_missing\\]$`,
  );
  const after_restore = await auditVersions();
  assert.equal(after_restore.length, 1, after_restore.join('\n'));
  assert.match(after_restore[0]!, named);
  await signAndLog();
  const later = await auditVersions();
  assert.equal(later.length, 1, later.join('\n'));
  assert.match(later[0]!, named);
});

test('Operations that were restored get the batches that they lack, and no second leaf for one that was published', async () => {
  await theatre.snapshot();
  const batch = await signAndLog();
  await auditVersions();
  await theatre.restore('ops');
  await stage().platform.runJob('log_person_versions');
  const leaves = await stage().query(
    'ops',
    `select leaf_index from ops.log_entries where position(convert_to($1, 'UTF8') in entry) > 0
     union all select -1 from ops.pending_leaves where position(convert_to($1, 'UTF8') in entry) > 0`,
    [batch],
  );
  assert.equal(leaves.length, 1);
  const found = await auditVersions();
  assert.ok(
    found.every((line) => !line.includes(batch)),
    found.join('\n'),
  );
});
