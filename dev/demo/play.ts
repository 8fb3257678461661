import { writeFile } from 'node:fs/promises';
import { type DeclarationPerson, generateCountry } from '@zdravo/country-ua';
import type { Answer } from './api.ts';
import { type Clinic, foundClinic, type Stage, signInOfficer, signInVendor } from './clinics.ts';
import {
  approveRequest,
  contentToSign,
  countCodes,
  createRequest,
  declare,
  provePhone,
  sendSigned,
} from './declarations.ts';

/** How many stories there are. */
export const chapters = 4000;
const persons_per_clinic = 4096;

export type Played = { environment: Record<string, unknown> };

/**
 * The story of the platform, step by step, through the public API with real signatures: two clinics, a patient who chooses one
 * doctor and then another, and what the payer and anybody sees of it.
 * @param tell says each step in plain words.
 * @param chapter which clinics and patients of the generated country play: another one can be played over the same data.
 */
export async function play(
  stage: Stage,
  tell: (text: string) => void,
  chapter: number,
  today: string,
): Promise<Played> {
  const country = generateCountry({ seed: 'demo', persons: chapters * 2 * persons_per_clinic, persons_per_clinic });
  const from = chapter * 2 * persons_per_clinic;
  const people = [...country.persons(from, from + 900)].map((one) => one.person).filter(hasPhone);
  tell('A vendor of medical information systems signs in.');
  const mis = await signInVendor(stage);
  tell('A clinic registers: its director signs the registration with the clinic’s key.');
  const first = await foundClinic(stage, mis, country.clinic(2 * chapter), 'FAMILY_DOCTOR');
  tell(
    `  Clinic ${first.edrpou} is registered; its owner accepted the invitation, opened a place and invited a doctor, who accepted too.`,
  );
  const second = await foundClinic(stage, mis, country.clinic(2 * chapter + 1), 'FAMILY_DOCTOR');
  tell(`  A second clinic, ${second.edrpou}, did the same.`);
  const officer = await signInOfficer(stage);
  await stage.api.expect('PATCH', `/api/legal_entities/${first.legal_entity_id}/actions/nhs_verify`, {
    token: officer,
  });
  tell('The payer’s officer verified the first clinic.');
  const [patient, ...others] = people as [DeclarationPerson, ...DeclarationPerson[]];
  tell('A patient comes to the first doctor. The telephone is proved by a code, the form is shown, the doctor signs.');
  const signed = must(await declare(stage, first, patient));
  tell(`  Declaration ${signed.id} is ${signed.status}.`);
  tell('The patient moves and chooses the second doctor; consent is proved by a code to the telephone on record.');
  const moved = must(await move(stage, second, patient));
  const before = (await stage.api.expect('GET', `/api/declarations/${signed.id}`, as(stage, first))).body.data;
  tell(
    `  Declaration ${moved.id} is ${moved.status}; the earlier one is ${before.status}: the money follows the patient.`,
  );
  const open = await openRequests(stage, first, others);
  const offline = { ...others[3]!, authentication_methods: [{ type: 'OFFLINE' as const }] };
  const pending = must(await declare(stage, first, offline));
  tell(
    `A patient without a telephone proves consent by scans: declaration ${pending.id} is ${pending.status} until the payer has looked.`,
  );
  const capitation = await payClinics(stage, officer, today);
  tell(
    `The payer computes the capitation of ${today.slice(0, 7)}: ${capitation.declaration_count} patients, ${money(capitation.amount_minor)} UAH.`,
  );
  tell(`  Anybody may read it: ${capitation.files.find((file) => file.name === 'capitation.csv')?.url}`);
  return { environment: environmentOf({ stage, mis, officer, first, second, signed, pending, open, capitation }) };
}

function hasPhone(person: DeclarationPerson): boolean {
  return (
    person.birth_date < '2000-01-01' && person.authentication_methods[0]?.type === 'OTP' && person.tax_id !== undefined
  );
}

function as({ sign_ins }: Stage, clinic: Clinic) {
  return { token: clinic.doctor.token, api_key: sign_ins.mis.client_secret };
}

type Signed = { id: string; status: string; person_id: string };

function must({ status, body }: Answer): Signed {
  if (status === 200) return body.data;
  throw new Error(`the signature answered ${status}: ${JSON.stringify(body)}`);
}

/** The same patient at another clinic: the index knows the telephone. */
async function move(stage: Stage, clinic: Clinic, person: DeclarationPerson): Promise<Answer> {
  const { phone_number: phone } = person.authentication_methods[0] as { phone_number: string };
  await provePhone(stage, clinic, phone);
  const codes_before = await countCodes(stage, phone);
  const created = await createRequest(stage, clinic, person);
  await approveRequest(stage, clinic, created, { phone, codes_before });
  return sendSigned(stage, clinic, created.body.data.id, await contentToSign(stage, clinic, created.body.data.id));
}

/** One request in each state that a client may need. */
async function openRequests(stage: Stage, clinic: Clinic, people: DeclarationPerson[]) {
  const made = async (person: DeclarationPerson) => {
    await provePhone(stage, clinic, (person.authentication_methods[0] as { phone_number: string }).phone_number);
    return createRequest(stage, clinic, person);
  };
  const fresh = await made(people[0]!);
  const approved = await made(people[1]!);
  await approveRequest(stage, clinic, approved);
  const signed = await made(people[2]!);
  await approveRequest(stage, clinic, signed);
  await sendSigned(stage, clinic, signed.body.data.id, await contentToSign(stage, clinic, signed.body.data.id));
  return { fresh: fresh.body.data.id, approved: approved.body.data.id, signed: signed.body.data.id };
}

type Capitation = {
  id: string;
  declaration_count: number;
  amount_minor: number;
  files: { name: string; url: string }[];
};

/** Computes the month, or finds it computed, and waits until its files are open. */
async function payClinics({ api }: Stage, token: string, today: string): Promise<Capitation> {
  const billing_date = `${today.slice(0, 7)}-01`;
  const listed = await api.expect('GET', `/api/capitation_reports?billing_date=${billing_date}`, { token });
  const known = listed.body.data.find((one: { state: string }) => one.state === 'published');
  const body = { billing_month: today.slice(0, 7) };
  const { id } = known ?? (await api.expect('POST', '/api/capitation_reports', { token, body })).body.data;
  for (let attempt = 0; attempt < 240; attempt++) {
    const { data } = (await api.expect('GET', `/api/capitation_reports/${id}`, { token })).body;
    if (data.state === 'published') return data;
    if (data.failure) throw new Error(`the capitation failed: ${data.failure}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error('the capitation was not published within two minutes');
}

/** Kopiyky as hryvnias. */
function money(amount_minor: number): string {
  return (amount_minor / 100).toLocaleString('en', { minimumFractionDigits: 2 });
}

type Cast = {
  capitation: Capitation;
  stage: Stage;
  mis: string;
  officer: string;
  first: Clinic;
  second: Clinic;
  signed: Signed;
  pending: Signed;
  open: { fresh: string; approved: string; signed: string };
};

/** What API tools need to go on where the story ends (design.md §8). */
function environmentOf({ stage, mis, officer, first, second, signed, pending, open, capitation }: Cast) {
  return {
    base_url: stage.api.address,
    tokens: {
      mis,
      owner: first.owner.token,
      doctor: first.doctor.token,
      nhs_admin: officer,
      second_owner: second.owner.token,
      second_doctor: second.doctor.token,
    },
    client: {
      id: first.legal_entity_id,
      secret: first.client_secret,
      redirect_uri: first.redirect_uri,
      api_key: stage.sign_ins.mis.client_secret,
    },
    signers: { doctor: first.doctor.signer_path, second_doctor: second.doctor.signer_path },
    ids: {
      legal_entity: first.legal_entity_id,
      second_legal_entity: second.legal_entity_id,
      division: first.division_id,
      employee: first.doctor.employee_id,
      owner: first.owner.employee_id,
      declaration_request_new: open.fresh,
      declaration_request_approved: open.approved,
      declaration_request_signed: open.signed,
      declaration: signed.id,
      declaration_pending: pending.id,
      person: signed.person_id,
      capitation_report: capitation.id,
    },
  };
}

export async function writeEnvironment(path: string, { environment }: Played): Promise<void> {
  await writeFile(path, `${JSON.stringify(environment, null, 2)}\n`, { mode: 0o600 });
}
