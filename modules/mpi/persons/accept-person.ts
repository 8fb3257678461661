import { type Clock, civilDate } from '@zdravo/kit/clock';
import { knownPartOf } from '@zdravo/kit/contract';
import { fieldRule, type Invalid, validationFailed } from '@zdravo/kit/problem';
import { TlogError } from '@zdravo/tlog';
import { Person } from '../contract.ts';
import { canonicalPerson } from '../vault/seal.ts';

const knownPart = knownPartOf(Person);
const earliest_birth = '1850-01-01';

/**
 * The person as stored: declared members only, null as absent. Refuses what cannot be: births and deaths in the
 * future, death before birth, members beyond JSON.
 * @throws Problem 422
 */
export function acceptPerson(given: Person, clock: Clock): Person {
  const person = withoutNulls(knownPart(given));
  const invalid = [...impossibleDates(person, latestCivilDate(clock)), ...beyondJson(person)];
  if (invalid.length > 0) throw validationFailed(invalid);
  return person;
}

function withoutNulls(person: Person): Person {
  return Object.fromEntries(Object.entries(person).filter(([, value]) => value !== null)) as Person;
}

function impossibleDates(person: Person, today: string): Invalid[] {
  const { birth_date, death_date } = person;
  const invalid: Invalid[] = [];
  if (birth_date < earliest_birth || birth_date > today)
    invalid.push(fieldRule('$.person.birth_date', 'invalid birth_date value'));
  if (death_date && (death_date < birth_date || death_date > today))
    invalid.push(fieldRule('$.person.death_date', 'death lies before birth or in the future'));
  return invalid;
}

/** Today where the day begins first (UTC+14): the core knows no country, and nobody is born later than that. */
function latestCivilDate(clock: Clock): string {
  return civilDate(clock.now(), 'Pacific/Kiritimati');
}

/** A number like 1e999 is read as infinity, which no JSON can say. */
function beyondJson(person: Person): Invalid[] {
  try {
    canonicalPerson(person);
    return [];
  } catch (error) {
    if (error instanceof TlogError) return [fieldRule('$.person', 'holds a value that cannot be stored')];
    throw error;
  }
}
