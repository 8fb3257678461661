import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type DeclarationPerson, generateCountry } from '@zdravo/country-ua';
import { type Clinic, foundClinic, signInVendor } from '@zdravo/dev/demo/clinics';
import { declare } from '@zdravo/dev/demo/declarations';
import { startStage, type TestStage } from './stage.ts';

// What an officer sees who runs `npm run audit` beside the running platform, before and after hands were laid on it.

let stage: TestStage;
let clinic: Clinic;
const country = generateCountry({ seed: 'audit story', persons: 3 * 4096 });
const people = [...country.persons(0, 200)].map((one) => one.person).filter(hasPhone);
const ids: string[] = [];

function hasPhone({ birth_date, authentication_methods: [method] }: DeclarationPerson): boolean {
  return birth_date < '2000-01-01' && method?.type === 'OTP';
}

before(async () => {
  stage = await startStage();
  clinic = await foundClinic(stage, await signInVendor(stage), country.clinic(0), 'FAMILY_DOCTOR');
  for (let at = 0; at < 5; at++) {
    const signed = await declare(stage, clinic, people[at]!);
    assert.equal(signed.status, 200, JSON.stringify(signed.body));
    ids.push(signed.body.data.id);
  }
});
after(() => stage?.close());

/** The command in a process of its own, as an operator runs it. */
function audit(...flags: string[]): Promise<{ code: number; output: string }> {
  const program = fileURLToPath(import.meta.resolve('@zdravo/dev/audit'));
  const env = { ...process.env, ZDRAVO_DATA: stage.directory, NODE_NO_WARNINGS: '1' };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...flags], { env }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), output: stdout + stderr }),
    );
  });
}

async function allPublished(): Promise<void> {
  for (;;) {
    const [row] = await stage.query(
      'ops',
      'select (select max(size) from ops.log_checkpoints)::int = (select count(*) from ops.log_entries)::int and not exists (select from ops.pending_leaves) as done',
    );
    if (row!['done']) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test('an untouched platform is whole, first in all and then in what is new', async () => {
  for (const job of ['batch_person_versions', 'log_person_versions']) await stage.platform.runJob(job);
  await allPublished();
  const full = await audit();
  assert.equal(full.code, 0, full.output);
  assert.match(
    full.output,
    /^WHOLE: everything is as it was logged\.\nRead: [78] leaves .* 5 signed containers, 1 more.* 5 versions of persons in [12] batches/,
  );
  assert.match((await audit('--new')).output, /^WHOLE, as far as it was read.*\nRead: 0 leaves/);
});

test('each thing altered by hand is named: which record, what differs, since when, and what to do', async () => {
  const [edited, swapped, other, overwritten, damaged] = ids as [string, string, string, string, string];
  await stage.query(
    'ops',
    `update ops.declaration_versions set body = convert_to(replace(convert_from(body, 'UTF8'), '"family_doctor"', '"therapist"'), 'UTF8')
     where declaration_id = $1`,
    [edited],
  );
  await swapContainers(swapped, other);
  await overwriteContainer(overwritten, 1000);
  await overwriteContainer(damaged, -20);
  const { code, output } = await audit();
  assert.equal(code, 1, output);
  const lines = output.split('\n').filter((line) => /^\d\. /.test(line));
  const about = (id: string) => lines.filter((line) => line.includes(id)).join();
  assert.equal(lines.length, 5, output);
  assert.match(
    about(edited),
    /not the one that was logged.*version 1, leaf \d.*full audit of 20.*Z found everything whole.*scope \(signed: family_doctor, stored: therapist\)/,
  );
  for (const id of [swapped, other, overwritten]) assert.match(about(id), /\[container_differs\]$/);
  assert.match(about(damaged), /is damaged.*full audit of 20.*Z found everything whole.*\[container_damaged\]$/);
  assert.match(output, /^NOT WHOLE: 5 findings\n[\s\S]*\nWhat now: .*docs\/trust\.md/);
  for (const { last_name } of people.slice(0, 5)) assert.ok(!output.includes(last_name), 'names nobody');
});

/** Two rows of the media's register change places; either file still opens. */
async function swapContainers(one: string, two: string): Promise<void> {
  const move = "update mcs.objects set resource_id = $2 where resource_id = $1 and form = 'signed_content'";
  const aside = '00000000-0000-4000-8000-000000000000';
  for (const pair of [
    [one, aside],
    [two, one],
    [aside, two],
  ])
    await stage.query('platform', move, pair);
}

/** One byte of the sealed file, or of the description behind it, changes on the disk of the store, which names files by the hash of their key. */
async function overwriteContainer(id: string, at: number): Promise<void> {
  const name = hash('sha256', `declaration/${id}/signed_content`);
  const file = join(stage.directory, 'files', 'clean', name.slice(0, 2), name);
  const bytes = await readFile(file);
  bytes[at < 0 ? bytes.length + at : at]! ^= 1;
  await writeFile(file, bytes);
}
