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
import { type Environment, environmentOf, openRequests, openStaff, type SignedDeclaration } from './environment.ts';

/** How many stories there are. */
export const chapters = 4000;
const persons_per_clinic = 4096;

/**
 * The story of the platform, step by step, through the public API with real signatures: two clinics, a patient who chooses one
 * doctor and then another, and what the payer and anybody sees of it.
 * @param tell says each step in plain words.
 * @returns what API tools need to go on where the story ends.
 * @param chapter which clinics and patients of the generated country play: another one can be played over the same data.
 */
export async function play(
  stage: Stage,
  tell: (text: string) => void,
  chapter: number,
  today: string,
): Promise<Environment> {
  const country = generateCountry({ seed: 'demo', persons: chapters * 2 * persons_per_clinic, persons_per_clinic });
  const from = chapter * 2 * persons_per_clinic;
  const people = [...country.persons(from, from + 900)].map((one) => one.person).filter(hasPhone);
  tell('A vendor of medical information systems signs in.');
  const mis = await signInVendor(stage);
  tell('A clinic registers: its director signs the registration with the clinic’s key.');
  const first_clinic = country.clinic(2 * chapter);
  const first = await foundClinic(stage, mis, first_clinic, 'FAMILY_DOCTOR');
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
  const staff = await openStaff(stage, first, first_clinic);
  tell(
    'The owner of the first clinic hires a member of staff for personnel; a doctor is invited, another one declines.',
  );
  const requests = await openRequests(stage, first, others);
  const offline = { ...others[4]!, authentication_methods: [{ type: 'OFFLINE' as const }] };
  const pending = must(await declare(stage, first, offline));
  tell(
    `A patient without a telephone proves consent by scans: declaration ${pending.id} is ${pending.status} until the payer has looked.`,
  );
  const capitation = await payClinics(stage, officer, today);
  tell(
    `The payer computes the capitation of ${today.slice(0, 7)}: ${capitation.declaration_count} patients, ${money(capitation.amount_minor)} UAH.`,
  );
  tell(`  Anybody may read it: ${capitation.files.find((file) => file.name === 'capitation.csv')?.url}`);
  const declarations = { terminated: signed, pending };
  return environmentOf({ stage, mis, officer, first, second, staff, requests, declarations, capitation });
}

function hasPhone(person: DeclarationPerson): boolean {
  return (
    person.birth_date < '2000-01-01' && person.authentication_methods[0]?.type === 'OTP' && person.tax_id !== undefined
  );
}

function as({ sign_ins }: Stage, clinic: Clinic) {
  return { token: clinic.doctor.token, api_key: sign_ins.mis.client_secret };
}

function must({ status, body }: Answer): SignedDeclaration {
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

export type Capitation = {
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
