import { builtInAddresses, builtInSettlementWeights } from '../addresses/built-in.ts';
import { ageOn } from '../calendar.ts';
import { type Change, changed, drawChange, type Fresh } from './changes.ts';
import { drawAddress, placesOf } from './clinics.ts';
import { mobileNumber, nationalIdNumber } from './numbers.ts';
import { type Random, randomAt, type Seed, seedOf, streams, uuidAt } from './random.ts';
import type { DeclarationPerson, GeneratedPerson } from './types.ts';

export type DuplicateOptions = {
  /** With the country's own seed, new telephones and cards are nobody else's. */
  seed: string | number;
  /** The part of persons who have a second record, 0 … 1; a tenth of those have a third. */
  share: number;
  /** The day that tells children from grown-ups; 2026-01-01 unless given. */
  as_of?: string;
};

/** One record of a person, as a clinic may have entered it, with the truth that a linkage is measured against. */
export type LinkageRecord = {
  record_id: string;
  /** The id of the person whom the record is about: equal for all records of one person. */
  truth_id: string;
  /** What makes it differ from the person's first record; empty for that one. */
  changes: Change[];
  person: DeclarationPerson;
};

const relatives_and_staff_numbers = 125_000_000;
const second_cards = 500_000_000;

/**
 * The persons as records of a registry in which some were entered again: misspelt, under a married name, in Latin letters,
 * with another telephone or without the tax number. A second record has one to three changes. It follows right after the
 * first, so shuffle where the order would give the answer away. Depends on the seed and each person's index alone.
 * @throws RangeError unless the share is from 0 to 1.
 */
export function* withDuplicates(
  persons: Iterable<GeneratedPerson>,
  options: DuplicateOptions,
): Generator<LinkageRecord> {
  const { share, as_of = '2026-01-01' } = options;
  if (!(share >= 0 && share <= 1)) throw new RangeError(`a share from 0 to 1 expected, found ${share}`);
  const seed = seedOf(options.seed);
  const address = addressMaker();
  for (const generated of persons) {
    const random = randomAt(seed, streams.duplicates, generated.index);
    const count = random.below(1_000_000) < share * 1_000_000 ? (random.chance(100) ? 2 : 1) : 0;
    yield { record_id: recordId(seed, generated, 0), truth_id: generated.id, changes: [], person: generated.person };
    const grown = ageOn(generated.person.birth_date, as_of) >= 18;
    for (let copy = 1; copy <= count; copy += 1) {
      const fresh = { ...freshNumbers(seed, generated.index, copy), address };
      yield {
        record_id: recordId(seed, generated, copy),
        truth_id: generated.id,
        ...entered(random, generated.person, { grown, fresh }),
      };
    }
  }
}

function entered(random: Random, person: DeclarationPerson, { grown, fresh }: { grown: boolean; fresh: Fresh }) {
  const changes: Change[] = [];
  let record = person;
  for (let left = random.pick([1, 1, 2, 2, 3]); left > 0; left -= 1) {
    const change = drawChange(random, record, grown);
    if (changes.includes(change)) continue;
    changes.push(change);
    record = changed(random, record, change, fresh);
  }
  return { changes, person: record };
}

function recordId(seed: Seed, generated: GeneratedPerson, copy: number): string {
  return uuidAt(seed, streams.duplicate_id, generated.index * 4 + copy);
}

function freshNumbers(seed: Seed, index: number, copy: number): Omit<Fresh, 'address'> {
  const place = index * 2 + copy - 1;
  return {
    phone: mobileNumber(seed, relatives_and_staff_numbers + place),
    national_id: nationalIdNumber(seed, second_cards + place),
  };
}

function addressMaker(): Fresh['address'] {
  const places = placesOf(builtInAddresses(), builtInSettlementWeights());
  return (random) => drawAddress(random, random.weighted(places.choice), 'RESIDENCE');
}
