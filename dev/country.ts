import { hash, randomUUID } from 'node:crypto';
import {
  addYears,
  type Country,
  type GeneratedClinic,
  type GeneratedPerson,
  generateCountry,
} from '@zdravo/country-ua';
import { type BulkRequest, type BulkSlot, type BulkSlotOptions, bulkKeepRequests, bulkTakeSlots } from '@zdravo/il';
import { createClient, inProcessTransport } from '@zdravo/kit/client';
import { settableClock } from '@zdravo/kit/clock';
import type { Mcs } from '@zdravo/mcs';
import { type BulkLoadOptions, bulkLoadPersons } from '@zdravo/mpi';
import { createOps, type OpsOptions } from '@zdravo/ops';
import { contract as opsContract } from '@zdravo/ops/contract';
import type { Prm, Professional } from '@zdravo/prm';
import { type CertificateFiles, sign } from '@zdravo/signature';
import { type DevelopmentAuthority, yearsAgo } from './certificates.ts';

export type CountryLoad = {
  prm: Prm;
  mpi: Omit<BulkLoadOptions, 'onProgress'>;
  /** Operations once more, with a clock that stands in the past. */
  ops: Omit<OpsOptions, 'clock'>;
  /** Counts the declarations for the limits of doctors and telephones. */
  il: BulkSlotOptions;
  mcs: Mcs;
  /** Gives the doctors their keys. */
  authority: DevelopmentAuthority;
};

export type Part = {
  country: Country;
  /** Clinics from the first to before the second index, each with its first persons. */
  clinics: readonly [from: number, to: number];
  persons_per_clinic: number;
  /** When the declarations were signed, an instant. */
  signed_at: string;
};

const actor_id = '4261eacf-8008-4e62-899f-de1e2f7065f0';
const within = { context: { request_id: 'generated-country' }, actor_id };

/** The clinics of `npm start`: beyond those that the demo's stories play with. */
export function startingPart(today: string): Part {
  return {
    country: generateCountry({ seed: 'demo', persons: 9_003 * 4096, as_of: today }),
    clinics: [9_000, 9_003],
    persons_per_clinic: 120,
    signed_at: `${addYears(today, -1).slice(0, 4)}-12-15T09:00:00Z`,
  };
}

/**
 * Fills registers with a part of the generated country, as if its people had signed at one moment of the past: partners through
 * their register, persons through COPY, each declaration signed by its doctor, its container stored, its leaf in the log.
 * @returns how many persons were loaded.
 */
export async function loadCountry(load: CountryLoad, part: Part): Promise<number> {
  const [from, to] = part.clinics;
  const parties = new Map<string, string>();
  for (const clinic of part.country.clinics(from, to))
    for (const [employee_id, party_id] of await loadClinic(load.prm, clinic)) parties.set(employee_id, party_id);
  const people = [...personsOf(part)].map((one) => ({ ...one, pseudonym: randomUUID() }));
  await bulkLoadPersons(
    load.mpi,
    people.map(({ id, pseudonym, person, declaration }) => ({
      id,
      pseudonym,
      person: { ...person, patient_signed: true },
      source: { type: 'declaration_request', id: declaration.declaration_request_id },
    })),
  );
  const signed = await signAll(load, part, people);
  const slots = people.map((one) => slotOf(one, parties.get(one.declaration.employee_id)!));
  await bulkTakeSlots(load.il, slots);
  await bulkKeepRequests(
    load.il,
    slots.map((slot, at) => requestOf(signed[at]!, slot)),
  );
  return people.length;
}

/** The place that a declaration takes among its doctor's and its telephone's. */
export function slotOf({ id: person_id, person, declaration }: GeneratedPerson, party_id: string): BulkSlot {
  const [method] = person.authentication_methods;
  const { id: declaration_id, declaration_request_id, employee_id } = declaration;
  const phone_number = method?.type === 'OTP' ? method.phone_number : undefined;
  return { party_id, person_id, phone_number, employee_id, declaration_request_id, declaration_id };
}

/** The signed request that a declaration came from. */
export function requestOf({ body, content, container_sha256 }: SignedDeclaration, slot: BulkSlot): BulkRequest {
  const { declaration_request_id: id, declaration_id, party_id, person_id, phone_number } = slot;
  const { legal_entity_id, division_id, employee_id, start_date, end_date, declaration_number, seed, signed_at } = body;
  const where = { legal_entity_id, division_id, employee_id, party_id, person_id, phone_number };
  const what = { start_date, end_date, declaration_id, declaration_number, content, container_sha256 };
  return { id, ...where, ...what, seed, signed_by: body.created_by, signed_at };
}

function* personsOf({ country, clinics: [from, to], persons_per_clinic }: Part): Generator<GeneratedPerson> {
  for (let clinic = from; clinic < to; clinic++) {
    const first = clinic * country.persons_per_clinic;
    yield* country.persons(first, first + persons_per_clinic);
  }
}

/**
 * Puts a clinic with its places and staff into the register of partners.
 * @returns the party behind each employee.
 */
export async function loadClinic(
  prm: Pick<Prm, 'putLegalEntity' | 'verifyLegalEntity' | 'createDivision' | 'putEmployment'>,
  { legal_entity, divisions, employees }: GeneratedClinic,
): Promise<Map<string, string>> {
  const parties = new Map<string, string>();
  const { medical_service_provider, ...entity } = legal_entity;
  await prm.putLegalEntity({ ...entity, medical_service_provider }, within);
  await prm.verifyLegalEntity(entity.id, 'nhs', within);
  for (const { settlement_id: _settlement, ...division } of divisions)
    await prm.createDivision({ ...division, legal_entity_id: entity.id }, within);
  for (const { party, doctor, speciality: _speciality, ...employee } of employees) {
    const block = doctor ? ({ science_degree: null, ...doctor } as Professional) : null;
    const employment = { ...employee, legal_entity_id: entity.id, party, doctor: block, user_id: randomUUID() };
    parties.set(employee.id, (await prm.putEmployment(employment, within)).employee.party_id);
  }
  return parties;
}

export type Patient = GeneratedPerson & { pseudonym: string };

const at_once = 64;

export type SignedDeclaration = { body: Signed; content: Record<string, unknown>; container_sha256: string };

/** @returns what was signed, in the order of the people. */
async function signAll(load: CountryLoad, part: Part, people: readonly Patient[]): Promise<SignedDeclaration[]> {
  const ops = await createOps({ ...load.ops, clock: settableClock(part.signed_at, 'Europe/Kyiv') });
  const doctors = await doctorsOf(load, part);
  try {
    await ops.app.ready();
    const [name, secret] = Object.entries(load.ops.callers)[0]!;
    const client = createClient(opsContract, inProcessTransport(ops.app), { caller: name, secret });
    const { hash: seed } = await client.latestHead({}, within.context);
    const signOne = async (patient: Patient): Promise<SignedDeclaration> => {
      const body = declarationOf(patient, part.signed_at, seed);
      const content = contentOf(patient, body);
      const container_sha256 = await storeContainer(load.mcs, { patient, content }, body, doctors);
      const evidence = { signed_content_sha256: container_sha256, documents: [] };
      await client.putDeclaration(
        { params: { id: patient.declaration.id }, body: { ...body, evidence } },
        within.context,
      );
      return { body, content, container_sha256 };
    };
    const signed: SignedDeclaration[] = [];
    for (let from = 0; from < people.length; from += at_once) {
      signed.push(...(await Promise.all(people.slice(from, from + at_once).map(signOne))));
      // Nobody else places leaves yet: on a slow machine the log would fall behind, and Operations refuse the rest.
      await ops.sequencer.drain();
    }
    return signed;
  } finally {
    await ops.close();
  }
}

/** The keys of the doctors of some clinics, made where there are none yet. */
export async function doctorsOf(
  { authority }: Pick<CountryLoad, 'authority'>,
  { country, clinics: [from, to] }: Pick<Part, 'country' | 'clinics'>,
): Promise<Map<string, CertificateFiles>> {
  const doctors = new Map<string, CertificateFiles>();
  for (const { employees } of country.clinics(from, to))
    for (const { id, employee_type, party } of employees) {
      if (employee_type !== 'DOCTOR') continue;
      const { tax_id: drfo, last_name: surname, first_name: given_name } = party;
      const common_name = `${surname} ${given_name}`;
      const request = { common_name, surname, given_name, drfo, not_before: yearsAgo(4), not_after: yearsAgo(-4) };
      doctors.set(id, (await authority.issueSigner(`doctor-${drfo}`, request)).files);
    }
  return doctors;
}

/** What a generated person's declaration says in Operations, but for its evidence. */
export function declarationOf(
  { id: person_id, pseudonym, declaration, index }: Patient,
  signed_at: string,
  seed: string,
) {
  const start_date = signed_at.slice(0, 10);
  return {
    person_id,
    pseudonym,
    employee_id: declaration.employee_id,
    division_id: declaration.division_id,
    legal_entity_id: declaration.legal_entity_id,
    declaration_request_id: declaration.declaration_request_id,
    declaration_number: `0000-GEN0-${String(index).padStart(8, '0')}`,
    scope: 'family_doctor',
    start_date,
    end_date: addYears(start_date, 5),
    signed_at,
    seed,
    overlimit: false,
    status: 'active' as const,
    created_by: actor_id,
  };
}

type Signed = ReturnType<typeof declarationOf>;

/** What the doctor signs. */
export function contentOf({ person }: Patient, signed: Signed) {
  const { start_date, end_date, scope, seed } = signed;
  return {
    id: signed.declaration_request_id,
    start_date,
    end_date,
    scope,
    person: { ...person, patient_signed: true },
    employee: { id: signed.employee_id },
    division: { id: signed.division_id },
    legal_entity: { id: signed.legal_entity_id },
    seed,
  };
}

/** Signs a declaration as its doctor and stores the container, which nobody has stored before, as the patient's. @returns its hash. */
export async function storeContainer(
  mcs: Mcs,
  { patient, content }: { patient: Patient; content: Record<string, unknown> },
  { employee_id, signed_at }: Signed,
  doctors: ReadonlyMap<string, CertificateFiles>,
): Promise<string> {
  const text = Buffer.from(JSON.stringify(content));
  const container = Buffer.from(sign(text, doctors.get(employee_id)!, { signing_time: new Date(signed_at) }));
  const sha256 = hash('sha256', container);
  const place = { resource_type: 'declaration', resource_id: patient.declaration.id };
  const { holding } = await mcs.storeSignedContainer({
    ...place,
    container,
    sha256,
    is_first: true,
    awaits_person: true,
  });
  await mcs.assignPerson({ holdings: [holding], person_id: patient.id });
  return sha256;
}
