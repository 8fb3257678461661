import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { generateCountry } from '@zdravo/country-ua';
import { type Clinic, foundClinic, signInVendor } from '@zdravo/dev/demo/clinics';
import { declare } from '@zdravo/dev/demo/declarations';
import { startStage, type TestStage } from './stage.ts';

// What shows only among millions of declarations, brought about in a country of two.

let stage: TestStage;
let clinic: Clinic;
const country = generateCountry({ seed: 'among millions', persons: 4096 });
const [first, second] = [...country.persons(0, 600)]
  .map(({ person }) => person)
  .filter((one) => one.birth_date < '2000-01-01' && one.authentication_methods[0]?.type === 'OTP');

before(async () => {
  stage = await startStage();
  clinic = await foundClinic(stage, await signInVendor(stage), country.clinic(0), 'FAMILY_DOCTOR');
});
after(() => stage?.close());

test('a number that another declaration has is not given again', async () => {
  assert.equal((await declare(stage, clinic, first!)).status, 200);
  await stage.query(
    'platform',
    `create sequence il.numbers_given;
     grant usage on sequence il.numbers_given to public;
     create function il.give_taken_number() returns trigger language plpgsql as $$ begin
       if nextval('il.numbers_given') <= 2 then
         select declaration_number into new.declaration_number from il.declaration_requests limit 1;
       end if;
       return new;
     end $$;
     create trigger give_taken_number before insert on il.declaration_requests
       for each row execute function il.give_taken_number()`,
  );
  const signed = await declare(stage, clinic, second!);
  await stage.query('platform', 'drop trigger give_taken_number on il.declaration_requests');
  assert.equal(signed.status, 200, JSON.stringify(signed.body));
  const [given] = await stage.query('platform', 'select last_value::int as times from il.numbers_given');
  assert.equal(given!['times'], 3, 'two numbers were taken, the third was free');
});

test('what is open is found by the indexes of what is open, among millions that are not', async () => {
  const jobs = ['finish_signings', 'expire_declaration_requests', 'close_expired_declarations'];
  for (const job of [...jobs, 'approve_pending_declarations']) await stage.platform.runJob(job);
  const indexes = {
    platform: ['declaration_requests_signing', 'declaration_requests_open', 'declaration_requests_one_open'],
    ops: ['declaration_heads_ending', 'declaration_heads_pending'],
  };
  for (const database of ['platform', 'ops'] as const) {
    const unused = async () => {
      const rows = await stage.query(
        database,
        'select indexrelname from pg_stat_user_indexes where indexrelname = any($1) and idx_scan = 0',
        [indexes[database]],
      );
      return rows.map(({ indexrelname }) => indexrelname);
    };
    // Idle backends tell their counts after ten seconds.
    for (let second = 0; second < 30 && (await unused()).length > 0; second++)
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    assert.deepEqual(await unused(), []);
  }
});
