import { builtInAddresses, builtInSettlementWeights } from '../addresses/built-in.ts';
import type { AddressBook } from '../addresses/rows.ts';
import { isCivilDate } from '../calendar.ts';
import { type ClinicPlan, makeClinic, placesOf } from './clinics.ts';
import { block_size } from './numbers.ts';
import { makeBlock } from './persons.ts';
import { seedOf } from './random.ts';
import type { GeneratedClinic, GeneratedPerson } from './types.ts';

export type CountryOptions = {
  seed: string | number;
  /** How many persons the country has. */
  persons: number;
  /** Persons who chose one clinic's doctors; rounded up to whole blocks of 128. 4096 unless given. */
  persons_per_clinic?: number;
  /** The day on which the country is seen: nobody is born after it. 2026-01-01 unless given. */
  as_of?: string;
  /** Another register of addresses, e.g. an imported one; without streets, its addresses have none. */
  addresses?: AddressBook;
};

export type Country = {
  person_count: number;
  clinic_count: number;
  persons_per_clinic: number;
  as_of: string;
  clinic(index: number): GeneratedClinic;
  /** Clinics from the first to before the second index, made one at a time. */
  clinics(from?: number, to?: number): Generator<GeneratedClinic>;
  person(index: number): GeneratedPerson;
  /** Persons from the first to before the second index, made one block of 128 at a time. */
  persons(from?: number, to?: number): Generator<GeneratedPerson>;
};

/**
 * A made-up country: clinics with divisions and doctors, and families who chose them, for demonstrations, tests and
 * measurements. Nothing is held but one block: clinic i and person i depend on nothing but the options and i, and a person
 * not on the country's size, so that workers can split the range. Tax numbers, papers and telephones are unique up to 38.9
 * million persons, but that a family shares telephones. All numbers have right check digits and belong to nobody on purpose;
 * any likeness to living people is chance.
 * @throws RangeError for options out of range.
 */
export function generateCountry(options: CountryOptions): Country {
  const plan = planOf(options);
  const person_count = options.persons;
  const clinic_count = Math.ceil(person_count / plan.persons_per_clinic);
  return {
    person_count,
    clinic_count,
    persons_per_clinic: plan.persons_per_clinic,
    as_of: plan.as_of,
    clinic: (index) => makeClinic(plan, within(index, clinic_count, 'clinic')),
    clinics: function* (from = 0, to = clinic_count) {
      for (let index = from; index < Math.min(to, clinic_count); index += 1) yield makeClinic(plan, index);
    },
    person: (index) =>
      makeBlock(plan, Math.floor(within(index, person_count, 'person') / block_size))[index % block_size]!,
    persons: (from = 0, to = person_count) => persons(plan, from, Math.min(to, person_count)),
  };
}

function* persons(plan: ClinicPlan, from: number, to: number): Generator<GeneratedPerson> {
  for (let block = Math.floor(from / block_size); block * block_size < to; block += 1) {
    for (const person of makeBlock(plan, block)) if (person.index >= from && person.index < to) yield person;
  }
}

function planOf(options: CountryOptions): ClinicPlan {
  const { persons, persons_per_clinic = 4096, as_of = '2026-01-01' } = options;
  if (!Number.isSafeInteger(persons) || persons < 0 || persons > 80_000_000) {
    throw new RangeError(`persons from 0 to 80 million expected, found ${persons}`);
  }
  if (!Number.isSafeInteger(persons_per_clinic) || persons_per_clinic < 1 || persons_per_clinic > 1_000_000) {
    throw new RangeError(`persons_per_clinic from 1 to a million expected, found ${persons_per_clinic}`);
  }
  if (!isCivilDate(as_of) || as_of < '2000-01-01' || as_of > '2099-12-31') {
    throw new RangeError(`as_of from 2000 to 2099 expected, found ${as_of}`);
  }
  const own = options.addresses === undefined;
  const places = placesOf(options.addresses ?? builtInAddresses(), own ? builtInSettlementWeights() : new Map());
  if (places.choice.total === 0) throw new RangeError('at least one settlement expected among the addresses');
  const whole_blocks = Math.ceil(persons_per_clinic / block_size) * block_size;
  return { seed: seedOf(options.seed), places, as_of, persons_per_clinic: whole_blocks };
}

function within(index: number, count: number, what: string): number {
  if (!Number.isSafeInteger(index) || index < 0 || index >= count)
    throw new RangeError(`a ${what} from 0 to ${count - 1} expected, found ${index}`);
  return index;
}
