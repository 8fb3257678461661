import type { AddressBook, District, Region, Settlement, Street } from '../addresses/rows.ts';
import { addDays } from '../calendar.ts';
import { makeEdrpou } from '../identifiers/edrpou.ts';
import type { Gender } from '../identifiers/tax-id.ts';
import { patronymic } from '../names/patronymics.ts';
import { genderedSurname } from '../names/surnames.ts';
import { transliterate } from '../names/transliteration.ts';
import { locationOf } from './locations.ts';
import { drawGivenName, drawSurname } from './names.ts';
import { mobileNumber, passportNumber, staffTaxId } from './numbers.ts';
import { type Random, randomAt, type Seed, streams, uuidAt, type Weighted, weighted } from './random.ts';
import type {
  GeneratedClinic,
  GeneratedDivision,
  GeneratedDoctor,
  GeneratedEmployee,
  GeneratedLegalEntity,
  GeneratedParty,
  PersonAddress,
  Speciality,
} from './types.ts';

/** A settlement with all that an address in it needs. */
export type Place = { settlement: Settlement; region: Region; district: District | null; streets: Street[] };
export type Places = { choice: Weighted<Place>; by_district: Map<string, Place[]> };
export type ClinicPlan = { seed: Seed; places: Places; as_of: string; persons_per_clinic: number };

/** Ids that one clinic may use: for itself, its divisions and its staff. */
const ids_per_clinic = 4096;
/** Indexes of telephone and passport numbers that no patient has. */
const staff_numbers = 120_000_000;
const staff_passports = 60_000_000;

const positions: Record<Speciality, string> = { FAMILY_DOCTOR: 'P7', PEDIATRICIAN: 'P9', THERAPIST: 'P11' };
const courses: Record<Speciality, string> = {
  FAMILY_DOCTOR: 'Загальна практика — сімейна медицина',
  PEDIATRICIAN: 'Педіатрія',
  THERAPIST: 'Терапія',
};
const schools = [
  ['Київ', 'Національний медичний університет імені О. О. Богомольця'],
  ['Львів', 'Львівський національний медичний університет імені Данила Галицького'],
  ['Харків', 'Харківський національний медичний університет'],
  ['Одеса', 'Одеський національний медичний університет'],
  ['Вінниця', 'Вінницький національний медичний університет імені М. І. Пирогова'],
  ['Чернівці', 'Буковинський державний медичний університет'],
] as const;

/** Settlements weighted by inhabitants, the few small ones standing for all those that the register leaves out. */
export function placesOf(book: AddressBook, thousands: Map<string, number>): Places {
  const regions = new Map(book.regions.map((region) => [region.id, region]));
  const districts = new Map(book.districts.map((district) => [district.id, district]));
  const streets = Map.groupBy(book.streets, (street) => street.settlement_id);
  const places = book.settlements.map((settlement) => ({
    settlement,
    region: regions.get(settlement.region_id)!,
    district: settlement.district_id ? districts.get(settlement.district_id)! : null,
    streets: streets.get(settlement.id) ?? [],
  }));
  const choice = weighted(places, (place) => placeWeight(place.settlement, thousands.get(place.settlement.id)));
  return {
    choice,
    by_district: Map.groupBy(places, (place) => place.settlement.district_id ?? place.settlement.region_id),
  };
}

function placeWeight(settlement: Settlement, thousands: number | undefined): number {
  const inhabitants = thousands ?? (settlement.type === 'CITY' ? 30 : 1);
  if (settlement.type === 'CITY' || thousands === undefined) return inhabitants;
  return inhabitants * (settlement.mountain_group ? 4 : 15);
}

/** Where the divisions of a clinic stand: its own settlement first, and in the country up to two neighbours. */
export function clinicPlaces(plan: ClinicPlan, clinic: number): Place[] {
  const random = randomAt(plan.seed, streams.clinic, 2 * clinic);
  const home = random.weighted(plan.places.choice);
  if (home.settlement.type === 'CITY' && home.streets.length > 20) return [home];
  const key = home.settlement.district_id ?? home.settlement.region_id;
  const neighbours = plan.places.by_district
    .get(key)!
    .filter((place) => place !== home && place.settlement.type !== 'CITY');
  const others = new Set(
    [0, 1].flatMap(() => (neighbours.length > 0 && random.chance(600) ? [random.pick(neighbours)] : [])),
  );
  return [home, ...others];
}

/** The specialities of a clinic's doctors: enough that nobody comes near the limits of domain.md §3.4. */
export function clinicSpecialities(persons_per_clinic: number): Speciality[] {
  const of = (speciality: Speciality, persons: number) =>
    Array(Math.max(1, Math.ceil(persons_per_clinic / persons))).fill(speciality);
  return [...of('FAMILY_DOCTOR', 1500), ...of('PEDIATRICIAN', 6000), ...of('THERAPIST', 4000)];
}

export function legalEntityId(seed: Seed, clinic: number): string {
  return uuidAt(seed, streams.clinic_id, clinic * ids_per_clinic);
}

export function divisionId(seed: Seed, clinic: number, division: number): string {
  return uuidAt(seed, streams.clinic_id, clinic * ids_per_clinic + 1 + division);
}

/** Staff are numbered: 0 the owner, 1 the personnel officer, then the doctors. */
export function employeeId(seed: Seed, clinic: number, number: number): string {
  return uuidAt(seed, streams.clinic_id, clinic * ids_per_clinic + 16 + 2 * number);
}

/** The clinic with all it registers: legal entity, divisions, owner, personnel officer and doctors. */
export function makeClinic(plan: ClinicPlan, clinic: number): GeneratedClinic {
  const random = randomAt(plan.seed, streams.clinic, 2 * clinic + 1);
  const places = clinicPlaces(plan, clinic);
  const divisions = places.map((place, number) => makeDivision(plan, random, { clinic, number, place }));
  const specialities = clinicSpecialities(plan.persons_per_clinic);
  const staff = staffMaker(plan, random, { clinic, staff_count: specialities.length + 2 });
  const doctors = specialities.map((speciality, place) => {
    const division_id = divisions[place % divisions.length]!.id;
    return staff(place + 2, { employee_type: 'DOCTOR', position: positions[speciality], division_id, speciality });
  });
  const owner = staff(0, { employee_type: 'OWNER', position: 'P3', division_id: null, speciality: null });
  const hr = staff(1, { employee_type: 'HR', position: 'P14', division_id: null, speciality: null });
  const legal_entity = makeLegalEntity(plan, random, { clinic, place: places[0]! });
  return { index: clinic, legal_entity, divisions, employees: [owner, hr, ...doctors] };
}

function makeLegalEntity(plan: ClinicPlan, random: Random, at: { clinic: number; place: Place }): GeneratedLegalEntity {
  const is_private = random.chance(120);
  const number = at.clinic + 1;
  const title = `Центр первинної медико-санітарної допомоги № ${number}`;
  const name = is_private
    ? `Товариство з обмеженою відповідальністю «Родинний лікар ${number}»`
    : `Комунальне некомерційне підприємство «${title}»`;
  const short_name = is_private ? `Родинний лікар ${number}` : `ЦПМСД № ${number}`;
  return {
    id: legalEntityId(plan.seed, at.clinic),
    name,
    short_name,
    public_name: short_name,
    type: 'MSP',
    owner_property_type: is_private ? 'PRIVATE' : 'STATE',
    legal_form: is_private ? '240' : '150',
    edrpou: makeEdrpou(2_000_000 + ((at.clinic * 7919) % 900_000)),
    kveds: is_private ? ['86.21', '86.90'] : ['86.21'],
    addresses: [drawAddress(random, at.place, 'REGISTRATION')],
    phones: [{ type: 'MOBILE', number: mobileNumber(plan.seed, staff_numbers + at.clinic * 64) }],
    email: `office@clinic-${number}.example.com`,
    medical_service_provider: licence(plan, random, number),
  };
}

function licence(plan: ClinicPlan, random: Random, number: number): GeneratedLegalEntity['medical_service_provider'] {
  const issued_date = addDays(plan.as_of, -random.between(700, 3000));
  const order_no = `№ ${random.between(100, 1999)}`;
  const license = {
    license_number: `МЛ ${100_000 + number}`,
    issued_by: 'Міністерство охорони здоров’я України',
    issued_date,
    active_from_date: issued_date,
    what_licensed: 'Медична практика',
    order_no,
  };
  const accreditation = {
    category: random.pick(['FIRST', 'SECOND', 'HIGHEST']),
    issued_date,
    order_date: issued_date,
    order_no,
  };
  return { licenses: [license], accreditation };
}

function makeDivision(
  plan: ClinicPlan,
  random: Random,
  at: { clinic: number; number: number; place: Place },
): GeneratedDivision {
  const { settlement } = at.place;
  const location = locationOf(plan.seed, settlement, at.clinic * ids_per_clinic + at.number);
  return {
    id: divisionId(plan.seed, at.clinic, at.number),
    name: `Амбулаторія № ${at.number + 1} (${settlement.name})`,
    type: 'AMBULANT_CLINIC',
    addresses: [drawAddress(random, at.place, 'RESIDENCE')],
    phones: [{ type: 'MOBILE', number: mobileNumber(plan.seed, staff_numbers + at.clinic * 64 + 1 + at.number) }],
    email: `division-${at.number + 1}@clinic-${at.clinic + 1}.example.com`,
    ...(location ? { location } : {}),
    mountain_group: settlement.mountain_group,
    settlement_id: settlement.id,
  };
}

type Post = Pick<GeneratedEmployee, 'employee_type' | 'position' | 'division_id' | 'speciality'>;

function staffMaker(plan: ClinicPlan, random: Random, at: { clinic: number; staff_count: number }) {
  return (number: number, post: Post): GeneratedEmployee => {
    const person = at.clinic * at.staff_count + number;
    const party = makeParty(plan, random, { clinic: at.clinic, number, person });
    return {
      id: employeeId(plan.seed, at.clinic, number),
      ...post,
      // Before any declaration: those begin in the last year.
      start_date: addDays(plan.as_of, -random.between(400, 1500)),
      party,
      doctor: post.speciality
        ? makeDoctor(plan, random, { speciality: post.speciality, birth_date: party.birth_date })
        : null,
    };
  };
}

function makeParty(
  plan: ClinicPlan,
  random: Random,
  at: { clinic: number; number: number; person: number },
): GeneratedParty {
  const gender: Gender = random.chance(750) ? 'FEMALE' : 'MALE';
  const year = Number(plan.as_of.slice(0, 4)) - random.between(28, 66);
  const first_name = drawGivenName(random, gender, year);
  const last_name = genderedSurname(drawSurname(random), gender);
  const mailbox = transliterate(last_name)
    .replace(/[^A-Za-z]/g, '')
    .toLowerCase();
  return {
    id: uuidAt(plan.seed, streams.clinic_id, at.clinic * ids_per_clinic + 17 + 2 * at.number),
    first_name,
    last_name,
    second_name: patronymic(drawGivenName(random, 'MALE', year - 28), gender),
    gender,
    ...staffTaxId(plan.seed, year, gender, at.person),
    no_tax_id: false,
    email: `${mailbox}.${at.number + 1}@clinic-${at.clinic + 1}.example.com`,
    documents: [{ type: 'PASSPORT', number: passportNumber(plan.seed, staff_passports + at.person) }],
    phones: [{ type: 'MOBILE', number: mobileNumber(plan.seed, staff_numbers + 1_000_000 + at.person) }],
  };
}

function makeDoctor(
  plan: ClinicPlan,
  random: Random,
  { speciality, birth_date }: { speciality: Speciality; birth_date: string },
): GeneratedDoctor {
  const attestation_date = addDays(plan.as_of, -random.between(100, 1400));
  const [city, institution_name] = random.pick(schools);
  const graduated = `${Number(birth_date.slice(0, 4)) + 23}-06-${random.between(20, 30)}`;
  return {
    educations: [
      {
        country: 'UA',
        city,
        institution_name,
        issued_date: graduated,
        diploma_number: `ДМ${random.between(100_000, 999_999)}`,
        degree: random.pick(['EXPERT', 'MASTER']),
        speciality: 'Лікувальна справа',
      },
    ],
    qualifications: [
      { type: 'SPECIALIZATION', institution_name, speciality: courses[speciality], issued_date: attestation_date },
    ],
    specialities: [
      {
        speciality,
        speciality_officio: true,
        level: random.pick(['BASIC', 'FIRST', 'SECOND', 'HIGHEST']),
        qualification_type: 'AWARDING',
        attestation_name: institution_name,
        attestation_date,
        valid_to_date: addDays(attestation_date, 1826),
        certificate_number: `СП${random.between(100_000, 999_999)}`,
      },
    ],
  };
}

/** An address in that place, on one of its streets when the register has any. */
export function drawAddress(random: Random, place: Place, type: PersonAddress['type']): PersonAddress {
  const { settlement, region, district, streets } = place;
  const street = streets.length > 0 ? random.pick(streets) : null;
  const flats = settlement.type === 'CITY';
  const letter = random.chance(120) ? random.pick(['А', 'Б', 'В']) : '';
  return {
    type,
    country: 'UA',
    area: region.name,
    ...(district ? { region: district.name } : {}),
    settlement: settlement.name,
    settlement_type: settlement.type,
    settlement_id: settlement.id,
    ...(street ? { street_type: street.type, street: street.name } : {}),
    building: `${random.between(1, 180)}${letter}`,
    ...(flats && random.chance(750) ? { apartment: String(random.between(1, 240)) } : {}),
    zip: `${settlement.katottg.slice(2, 4)}${String(random.below(1000)).padStart(3, '0')}`,
  };
}
