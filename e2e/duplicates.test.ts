import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type DeclarationPerson, generateCountry, role_scopes, withDuplicates } from '@zdravo/country-ua';
import type { Answer } from '@zdravo/dev/demo/api';
import { type Clinic, foundClinic, signInOfficer, signInVendor } from '@zdravo/dev/demo/clinics';
import { declare } from '@zdravo/dev/demo/declarations';
import { startStage, type TestStage } from './stage.ts';

// A patient who was entered twice, from the second registration to one person, and back; then a model that may merge by itself.

let stage: TestStage;
let clinic: Clinic;
let other_clinic: Clinic;
let reviewers: [string, string];
const country = generateCountry({ seed: 'duplicates', persons: 8192 });
const people = [...country.persons(0, 900)]
  .map((one) => one.person)
  .filter(({ birth_date, authentication_methods, second_name, documents, last_name }) => {
    const passport = documents.some(({ type }) => type === 'PASSPORT');
    const by_phone = authentication_methods[0]?.type === 'OTP';
    return birth_date < '2000-01-01' && by_phone && second_name && passport && last_name.length > 6;
  });

before(async () => {
  stage = await startStage();
  const vendor = await signInVendor(stage);
  clinic = await foundClinic(stage, vendor, country.clinic(0), 'FAMILY_DOCTOR');
  other_clinic = await foundClinic(stage, vendor, country.clinic(1), 'FAMILY_DOCTOR');
  reviewers = [await signInOfficer(stage), await secondOfficer()];
});
after(() => stage?.close());

async function secondOfficer(): Promise<string> {
  const { nhs_admin } = stage.sign_ins;
  const account = { ...nhs_admin, email: `${randomUUID()}@example.org`, password: 'A-second-officer-1' };
  const { auth } = stage.platform;
  const user = await auth.createUser({ ...account, second_factor_required: false });
  await auth.grantRole({ user_id: user.id, role: 'NHS ADMIN', client_id: nhs_admin.client_id });
  return stage.api.signIn({ ...account, scope: role_scopes['NHS ADMIN']!.join(' ') });
}

const call = (method: string, path: string, token: string, body?: unknown): Promise<Answer> =>
  stage.api.call(method, path, { token, ...(body === undefined ? {} : { body }) });

/** As another clinic enters them: a letter is missing, two digits of the passport changed places, the tax number was not at hand. */
function enteredAgain({ tax_id: _tax_id, ...person }: DeclarationPerson): DeclarationPerson {
  const documents = person.documents.map(({ type, number }) => ({ type, number: swapped(number) }));
  return { ...person, last_name: `${person.last_name.slice(0, 3)}${person.last_name.slice(4)}`, documents };
}

function swapped(number: string): string {
  for (let at = number.length - 1; at > 0; at -= 1)
    if (/^\d\d$/.test(number.slice(at - 1, at + 1)) && number[at] !== number[at - 1])
      return number.slice(0, at - 1) + number[at]! + number[at - 1]! + number.slice(at + 1);
  return number;
}

type IndexedPerson = Parameters<TestStage['platform']['mpi']['putPerson']>[0]['body']['person'];
type Registered = { person: DeclarationPerson; person_id: string; declaration_id: string; at: Clinic };

async function register(person: DeclarationPerson, at: Clinic): Promise<Registered> {
  const { status, body } = await declare(stage, at, person);
  assert.equal(status, 200, JSON.stringify(body));
  const query = 'select person_id from ops.declaration_heads where id = $1';
  const [head] = await stage.query('ops', query, [body.data.id]);
  return { person, person_id: head!['person_id'] as string, declaration_id: body.data.id, at };
}

async function eventually<Value>(what: string, find: () => Promise<Value | undefined | false>): Promise<Value> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    const found = await find();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what}: not within 40 s`);
}

const rootOf = async (id: string) =>
  (await stage.platform.mpi.getPerson({ params: { id } }, { request_id: 'e2e', purpose: 'test' })).id;
const doctor = ({ doctor }: Clinic) => ({ token: doctor.token, api_key: stage.sign_ins.mis.client_secret });
const statusOf = async ({ declaration_id, at }: Registered): Promise<string> =>
  (await stage.api.call('GET', `/api/declarations/${declaration_id}`, doctor(at))).body.data.status;
const compared = () =>
  eventually('the linker compared everybody', async () => {
    const [row] = await stage.query('mpi', 'select count(*)::int as waiting from mpi.linkage_queue');
    return row!['waiting'] === 0;
  });

/** The pair before a reviewer, and whom it is about. */
async function assigned(reviewer: string): Promise<{ id: string; kind: string; ids: string[] } | null> {
  const { item } = (await call('POST', '/api/person_reviews/actions/assign', reviewer)).body.data;
  if (item === null) return null;
  const [row] = await stage.query('mpi', 'select low_id, high_id from mpi.review_items where id = $1', [item.id]);
  return { ...item, ids: [row!['low_id'], row!['high_id']] as string[] };
}

const vote = (reviewer: string, id: string, voice: 'same' | 'different') =>
  call('PATCH', `/api/person_reviews/${id}/actions/vote`, reviewer, { vote: voice });

let first: Registered;
let second: Registered;

test('a patient who registers twice is found by the linker; two reviewers agree, and the two are one person with one declaration', async () => {
  const person = people.shift()!;
  first = await register(person, clinic);
  second = await register(enteredAgain(person), other_clinic);
  assert.notEqual(second.person_id, first.person_id, 'nobody knew');
  await compared();
  await stage.platform.runJob('prepare_review_sheets');
  const item = (await assigned(reviewers[0]))!;
  assert.deepEqual(new Set(item.ids), new Set([first.person_id, second.person_id]));
  assert.equal(item.kind, 'possible_duplicate');
  const shown = (await call('GET', `/api/person_reviews/${item.id}?fields=last_name`, reviewers[0])).body.data;
  assert.equal(shown.agreement.birth_date, 'equal');
  assert.deepEqual(Object.keys(shown.fields), ['last_name']);
  assert.ok(!JSON.stringify(shown).includes(person.tax_id!), 'what was not asked for is not shown');
  assert.equal((await vote(reviewers[0], item.id, 'same')).body.data.status, 'new', 'one voice decides nothing');
  assert.equal((await assigned(reviewers[1]))!.id, item.id);
  assert.equal((await vote(reviewers[1], item.id, 'same')).body.data.outcome, 'same');
  await eventually('merged', async () => (await rootOf(second.person_id)) === first.person_id);
  await eventually('one declaration', async () => (await statusOf(first)) === 'terminated');
  assert.equal(await statusOf(second), 'active');
  const alias = 'select parent_id from ops.person_aliases where person_id = $1';
  assert.deepEqual(await stage.query('ops', alias, [second.person_id]), [{ parent_id: first.person_id }]);
});

test('whoever asks by the old id, or as the other clinic had written, reaches the parent; a new declaration too', async () => {
  const caller = doctor(other_clinic);
  for (const id of [first.person_id, second.person_id]) {
    const { body } = await stage.api.call('GET', `/api/persons/${id}/declaration`, caller);
    assert.equal(body.data?.id, second.declaration_id, JSON.stringify(body));
  }
  const { first_name, last_name, birth_date } = second.person;
  const query = new URLSearchParams({ first_name, last_name, birth_date });
  const found = (await stage.api.call('GET', `/api/persons?${query}`, caller)).body.data;
  assert.deepEqual([found[0].id, found[0].merged_ids], [first.person_id, [second.person_id]]);
  const again = await register(second.person, clinic);
  assert.equal(again.person_id, first.person_id);
  assert.equal(await statusOf(second), 'terminated');
});

test('an unmerge brings the person back, and people hear of the declaration that the merge had ended', async () => {
  const path = `/api/persons/${second.person_id}/actions/unmerge`;
  const by_clinic = await stage.api.call('PATCH', path, { ...doctor(clinic), body: { reason: 'mistake' } });
  assert.equal(by_clinic.status, 403);
  assert.equal((await call('PATCH', path, reviewers[0], { reason: 'mistake' })).status, 200);
  assert.equal((await call('PATCH', path, reviewers[0], { reason: 'mistake' })).body.error.code, 'not_merged');
  assert.equal(await rootOf(second.person_id), second.person_id);
  assert.equal(await rootOf(first.person_id), first.person_id);
  const { person } = await stage.platform.mpi.getPerson(
    { params: { id: second.person_id } },
    { request_id: 'e2e', purpose: 'test' },
  );
  assert.equal(person.last_name, second.person.last_name);
  await eventually('asked about the ended declaration', async () => {
    await stage.platform.runJob('prepare_review_sheets');
    const rows = await stage.query(
      'mpi',
      `select from mpi.review_items where kind = 'ended_declaration' and $1::uuid in (low_id, high_id)`,
      [second.person_id],
    );
    return rows.length === 1;
  });
  assert.deepEqual(
    await stage.query('ops', 'select from ops.person_aliases where person_id = $1', [second.person_id]),
    [],
  );
});

type Model = { id: string; state: string; is_signed_off: boolean; figures: { standing?: Record<string, number> } };
const servingModel = async (): Promise<Model> =>
  (await call('GET', '/api/linkage_quality', reviewers[0])).body.data.models.find(
    (model: Model) => model.state === 'serving',
  );
const signOff = async (): Promise<Answer> =>
  call('PATCH', `/api/linkage_models/${(await servingModel()).id}/actions/sign_off`, reviewers[0]);

test('the founding model merges nobody by itself until it has proved itself on 50 known pairs of every kind', async () => {
  assert.equal((await signOff()).body.error.code, 'model_not_proven');
  const truth = await population(220);
  await compared();
  const decided = await reviewEverything(truth);
  assert.ok(decided >= 50, `${decided} pairs were decided`);
  await stage.platform.runJob('measure_linkage_model');
  assert.match((await signOff()).body.error.message, /seeded pairs; at least 50/);
  await seedPairs(truth);
  await stage.platform.runJob('measure_linkage_model');
  const { figures, is_signed_off } = await servingModel();
  assert.equal(is_signed_off, false);
  assert.equal(figures.standing!['wrong_merges'], 0);
  const signed = await signOff();
  assert.deepEqual([signed.status, signed.body.data?.state], [200, 'serving'], JSON.stringify(signed.body));
  assert.equal((await servingModel()).is_signed_off, true);
  assert.equal((await call('PATCH', `/api/linkage_models/${randomUUID()}/actions/sign_off`, reviewers[0])).status, 404);
});

/** People as a population has them, most of them entered twice. @returns whose record each is. */
async function population(persons: number): Promise<Map<string, string>> {
  const records = [...withDuplicates(country.persons(2000, 2000 + persons), { seed: 'duplicates', share: 0.9 })];
  const truth = new Map<string, string>();
  for (const { record_id, truth_id, person } of records) {
    const body = {
      person: person as unknown as IndexedPerson,
      source: { type: 'declaration_request', id: randomUUID() },
    };
    const { id } = await stage.platform.mpi.putPerson({ params: { id: record_id }, body }, { request_id: 'e2e' });
    truth.set(id, truth_id);
  }
  return truth;
}

/** Two reviewers look at everything, and are right. @returns how many pairs of these people they decided. */
async function reviewEverything(truth: ReadonlyMap<string, string>): Promise<number> {
  const decided = new Set<string>();
  await stage.platform.runJob('prepare_review_sheets');
  for (const reviewer of reviewers)
    for (let item = await assigned(reviewer); item !== null; item = await assigned(reviewer)) {
      // Whoever is not of this population is the patient of the story before, entered twice.
      const [one, other] = item.ids.map((id) => truth.get(id));
      const voice = one === other ? 'same' : 'different';
      const { body } = await vote(reviewer, item.id, voice);
      if (body.data.status === 'decided' && item.kind === 'possible_duplicate') decided.add(item.id);
    }
  return decided.size;
}

/** 60 pairs of which the truth is known: strangers. */
async function seedPairs(truth: ReadonlyMap<string, string>): Promise<void> {
  const ids = [...new Map([...truth].map(([id, person]) => [person, id])).values()];
  for (let at = 0; at < 60; at += 1) {
    const persons = [ids[at]!, ids[at + 1]!];
    const body = { persons, expected: 'different' };
    const seeded = await call('PUT', `/api/person_review_seeds/${randomUUID()}`, reviewers[0], body);
    assert.equal(seeded.status, 200, JSON.stringify(seeded.body));
  }
}

test('signed off, it merges a patient who was entered twice and has one living declaration; with two, people are asked', async () => {
  const alone = people.shift()!;
  const gone = await register(alone, clinic);
  await stage.platform.ops.putTermination(
    { params: { id: gone.declaration_id }, body: { actor_id: randomUUID(), reason: 'manual' } },
    { request_id: 'e2e' },
  );
  const came = await register(enteredAgain(alone), other_clinic);
  await eventually('merged', async () => (await rootOf(came.person_id)) === gone.person_id);
  const moved = `select person_id from ops.declaration_heads where id = $1`;
  await eventually('moved', async () => {
    const [head] = await stage.query('ops', moved, [came.declaration_id]);
    return head!['person_id'] === gone.person_id;
  });
  assert.equal(await statusOf(came), 'active');

  const twice = people.shift()!;
  const pair = [await register(twice, clinic), await register(enteredAgain(twice), other_clinic)] as const;
  await eventually('asked', async () => {
    const rows = await stage.query(
      'mpi',
      `select from mpi.review_items where kind = 'merge_conflict' and $1::uuid in (low_id, high_id)`,
      [pair[0].person_id],
    );
    return rows.length === 1;
  });
  assert.equal(await rootOf(pair[1].person_id), pair[1].person_id);
  assert.deepEqual(await Promise.all(pair.map(statusOf)), ['active', 'active']);
});

test('an officer orders a relink; it runs, repeats nothing, and says what it did', async () => {
  const before = await stage.query('mpi', 'select count(*)::int as count from mpi.link_proposals');
  assert.equal((await call('POST', '/api/linkage_runs', reviewers[0], { kind: 'relink' })).status, 201);
  const run = await eventually('the relink is done', async () => {
    const [newest] = (await call('GET', '/api/linkage_runs', reviewers[0])).body.data;
    return newest?.state === 'done' && newest;
  });
  assert.ok(run.figures.pairs > 20 && run.done === run.total, JSON.stringify(run));
  assert.deepEqual(await stage.query('mpi', 'select count(*)::int as count from mpi.link_proposals'), before);
});
