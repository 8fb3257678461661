import { addDays, daysBetween } from '../calendar.ts';
import type { Gender } from '../identifiers/tax-id.ts';
import { patronymic } from '../names/patronymics.ts';
import { genderedSurname } from '../names/surnames.ts';
import { transliterate } from '../names/transliteration.ts';
import {
  type ClinicPlan,
  clinicPlaces,
  clinicSpecialities,
  divisionId,
  drawAddress,
  employeeId,
  legalEntityId,
  type Place,
} from './clinics.ts';
import { drawHousehold, type Member } from './households.ts';
import { type BlockState, drawIdentities, earliestDeclaration, type Identity } from './identities.ts';
import { drawGivenName, drawSurname } from './names.ts';
import { block_size, mobileNumber } from './numbers.ts';
import { type Random, randomAt, streams, uuidAt } from './random.ts';
import type {
  AuthenticationMethod,
  ConfidantPerson,
  DeclarationPerson,
  GeneratedDeclaration,
  GeneratedPerson,
  PersonAddress,
  PersonPhone,
  Speciality,
} from './types.ts';

/** Indexes of telephone numbers that relatives outside the country's persons have. */
const relatives_numbers = 80_000_000;
const secrets = [
  'калина',
  'яблуня',
  'соловейко',
  'вишиванка',
  'чорнобривці',
  'веселка',
  'джерело',
  'барвінок',
  'криниця',
  'світанок',
];

type Household = {
  members: Member[];
  identities: Identity[];
  phones: (PersonPhone[] | undefined)[];
  address: PersonAddress;
  place: Place;
  first_index: number;
};

/** The persons of one block: they depend on nothing but the plan and the block's number. */
export function makeBlock(plan: ClinicPlan, block: number): GeneratedPerson[] {
  const random = randomAt(plan.seed, streams.block, block);
  const clinic_of_block = clinicOf(plan, Math.floor((block * block_size) / plan.persons_per_clinic));
  const state: BlockState = { seed: plan.seed, as_of: plan.as_of, block, used_slots: new Map() };
  const persons: GeneratedPerson[] = [];
  while (persons.length < block_size) {
    const members = drawHousehold(random, block_size - persons.length);
    const household = settle(plan, state, random, {
      members,
      places: clinic_of_block.places,
      first_index: block * block_size + persons.length,
    });
    persons.push(...members.map((_, place) => makePerson(plan, household, place, clinic_of_block)));
  }
  return persons;
}

type Settling = { members: Member[]; places: Place[]; first_index: number };

function settle(
  plan: ClinicPlan,
  state: BlockState,
  random: Random,
  { members, places, first_index }: Settling,
): Household {
  const identities = drawIdentities(state, random, members, first_index);
  const place = places.length === 1 || random.chance(600) ? places[0]! : random.pick(places.slice(1));
  const address = drawAddress(random, place, 'RESIDENCE');
  const phones = drawPhones(plan, random, identities);
  return { members, identities, phones, address, place, first_index };
}

/** Most grown-ups have a telephone of their own; children have a parent's, the old often a child's or none. */
function drawPhones(plan: ClinicPlan, random: Random, identities: Identity[]): (PersonPhone[] | undefined)[] {
  const own = identities.map(({ age, index }) => {
    const has = age >= 75 ? random.chance(600) : age >= 18 ? random.chance(930) : age >= 14 && random.chance(300);
    return has ? [{ type: 'MOBILE', number: mobileNumber(plan.seed, index) }] : undefined;
  });
  const shared = own.find((phones, place) => phones !== undefined && identities[place]!.age >= 18);
  return own.map((phones) => phones ?? shared);
}

type ClinicOfBlock = {
  places: Place[];
  specialities: Speciality[];
  legal_entity_id: string;
  division_ids: string[];
  doctor_ids: string[];
};

/** What the persons of a block need of their clinic, made once for all of them. */
function clinicOf(plan: ClinicPlan, clinic: number): ClinicOfBlock {
  const places = clinicPlaces(plan, clinic);
  const specialities = clinicSpecialities(plan.persons_per_clinic);
  return {
    places,
    specialities,
    legal_entity_id: legalEntityId(plan.seed, clinic),
    division_ids: places.map((_, number) => divisionId(plan.seed, clinic, number)),
    doctor_ids: specialities.map((_, number) => employeeId(plan.seed, clinic, number + 2)),
  };
}

function makePerson(plan: ClinicPlan, household: Household, place: number, at: ClinicOfBlock): GeneratedPerson {
  const { members, identities, first_index } = household;
  const identity = identities[place]!;
  const member = members[place]!;
  const random = randomAt(plan.seed, streams.person, identity.index);
  const indexOf = (relative: number | null) => (relative === null ? null : first_index + relative);
  const twin = member.twin ?? members.findIndex((other) => other.twin === place);
  return {
    index: identity.index,
    id: uuidAt(plan.seed, streams.person_id, identity.index),
    household: first_index,
    mother: indexOf(member.mother),
    father: indexOf(member.father),
    twin: twin < 0 ? null : indexOf(twin),
    maiden_name: identity.maiden_name,
    person: personRequest(plan, random, household, place),
    declaration: drawDeclaration(plan, random, { identity, at, household }),
  };
}

/** The `person` of a declaration request of v2.0, with exactly the members that Annex C allows. */
function personRequest(plan: ClinicPlan, random: Random, household: Household, place: number): DeclarationPerson {
  const identity = household.identities[place]!;
  const phones = household.phones[place];
  const elsewhere = random.chance(120);
  const registration = elsewhere
    ? drawAddress(random, random.weighted(plan.places.choice), 'REGISTRATION')
    : ({ ...household.address, type: 'REGISTRATION' } as const);
  const email = identity.age >= 18 && random.chance(200) ? { email: mailbox(identity) } : {};
  return {
    ...fullName(identity),
    ...birth(plan, random, household, identity),
    ...email,
    ...(identity.tax_id === undefined ? {} : { tax_id: identity.tax_id }),
    secret: random.pick(secrets),
    documents: identity.documents,
    addresses: [registration, household.address],
    ...(phones ? { phones } : {}),
    authentication_methods: [authenticationMethod(random, phones)],
    emergency_contact: emergencyContact(plan, random, household, place),
    ...(identity.age < 18 ? { confidant_person: confidants(plan, random, household, place) } : {}),
    patient_signed: false,
    process_disclosure_data_consent: true,
  };
}

function birth(plan: ClinicPlan, random: Random, household: Household, identity: Identity) {
  const moved = random.chance(identity.age < 18 ? 80 : 350);
  const birth_settlement = moved
    ? random.weighted(plan.places.choice).settlement.name
    : household.place.settlement.name;
  return { birth_date: identity.birth_date, birth_country: 'Україна', birth_settlement, gender: identity.gender };
}

function fullName(of: Identity) {
  return {
    first_name: of.first_name,
    last_name: of.last_name,
    ...(of.second_name === undefined ? {} : { second_name: of.second_name }),
  };
}

function authenticationMethod(random: Random, phones: PersonPhone[] | undefined): AuthenticationMethod {
  if (!phones || random.chance(40)) return { type: 'OFFLINE' };
  return { type: 'OTP', phone_number: phones[0]!.number };
}

/** Another grown-up of the household, else a relative who lives elsewhere. */
function emergencyContact(
  plan: ClinicPlan,
  random: Random,
  household: Household,
  place: number,
): DeclarationPerson['emergency_contact'] {
  const near = household.identities.findIndex(
    (other, at) => at !== place && other.age >= 18 && household.phones[at] !== undefined,
  );
  if (near >= 0) return { ...fullName(household.identities[near]!), phones: household.phones[near]! };
  const gender: Gender = random.chance(600) ? 'FEMALE' : 'MALE';
  const index = household.identities[place]!.index;
  return {
    first_name: drawGivenName(random, gender, 1980),
    last_name: genderedSurname(drawSurname(random), gender),
    second_name: patronymic(drawGivenName(random, 'MALE', 1950), gender),
    phones: [{ type: 'MOBILE', number: mobileNumber(plan.seed, relatives_numbers + index) }],
  };
}

/** The parents who speak for a child: one PRIMARY, the other SECONDARY now and then. */
function confidants(plan: ClinicPlan, random: Random, household: Household, place: number): ConfidantPerson[] {
  const { mother, father } = household.members[place]!;
  const parents = [mother, father].filter((parent) => parent !== null);
  const chosen = random.chance(450) ? parents : parents.slice(0, 1);
  return chosen.map((parent, order) =>
    confidant(plan, random, household, { place, parent, relation_type: order === 0 ? 'PRIMARY' : 'SECONDARY' }),
  );
}

type Relation = { place: number; parent: number; relation_type: ConfidantPerson['relation_type'] };

function confidant(
  plan: ClinicPlan,
  random: Random,
  household: Household,
  { place, parent, relation_type }: Relation,
): ConfidantPerson {
  const identity = household.identities[parent]!;
  const phones = household.phones[parent];
  const certificate = household.identities[place]!.documents.find((document) => document.type === 'BIRTH_CERTIFICATE')!;
  return {
    relation_type,
    ...fullName(identity),
    ...birth(plan, random, household, identity),
    ...(identity.tax_id === undefined ? {} : { tax_id: identity.tax_id }),
    secret: random.pick(secrets),
    documents_person: identity.documents,
    documents_relationship: [certificate],
    ...(phones ? { phones } : {}),
  };
}

/** The doctor whom the person chose: one of the clinic's whose speciality takes that age, nearest first. */
function drawDeclaration(
  plan: ClinicPlan,
  random: Random,
  { identity, at, household }: { identity: Identity; at: ClinicOfBlock; household: Household },
): GeneratedDeclaration {
  const division = at.places.indexOf(household.place);
  const number = chooseDoctor(random, at, { child: identity.age < 18, division });
  const doctors_division = number % at.places.length;
  const earliest = earliestDeclaration(identity.birth_date, plan.as_of);
  return {
    id: uuidAt(plan.seed, streams.declaration_id, 2 * identity.index),
    declaration_request_id: uuidAt(plan.seed, streams.declaration_id, 2 * identity.index + 1),
    legal_entity_id: at.legal_entity_id,
    division_id: at.division_ids[doctors_division]!,
    employee_id: at.doctor_ids[number]!,
    start_date: addDays(earliest, random.below(daysBetween(earliest, plan.as_of) + 1)),
    mountain_group: at.places[doctors_division]!.settlement.mountain_group,
  };
}

function chooseDoctor(random: Random, at: ClinicOfBlock, patient: { child: boolean; division: number }): number {
  const wanted: Speciality = random.chance(500) ? 'FAMILY_DOCTOR' : patient.child ? 'PEDIATRICIAN' : 'THERAPIST';
  const doctors = at.specialities.flatMap((speciality, number) => (speciality === wanted ? [number] : []));
  const near = doctors.filter((number) => number % at.places.length === patient.division);
  return random.pick(near.length > 0 && random.chance(600) ? near : doctors);
}

function mailbox(identity: Identity): string {
  const name = `${transliterate(identity.first_name)}.${transliterate(identity.last_name)}`
    .toLowerCase()
    .replace(/[^a-z.]/g, '');
  return `${name}.${identity.index}@example.com`;
}
