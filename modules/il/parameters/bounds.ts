import { fieldRule, type Invalid } from '@zdravo/kit/problem';
import { default_parameters, type ParameterName, type Unit, units } from './defaults.ts';

/** Whole numbers that stand alone: the least and the most that make sense. */
const counts = {
  billing_date: [1, 28],
  verification_request_expiration: [1, 366],
  adult_age: [10, 30],
  phone_number_auth_limit: [1, 100_000],
  declaration_limit_pediatrician: [1, 100_000],
  declaration_limit_therapist: [1, 100_000],
  declaration_limit_family_doctor: [1, 100_000],
  erasure_retention_days: [1, 36_600],
} as const satisfies Partial<Record<ParameterName, readonly [number, number]>>;

type CountName = keyof typeof counts;
type UnitName = Extract<ParameterName, `${string}_unit`>;
type TermName = Exclude<ParameterName, CountName | UnitName>;

/** Terms have a unit beside them: the most days they may come to. A declaration lasts a hundred years at most. */
const longest_days: Record<TermName, number> = {
  verification_request_term: 366,
  declaration_request_term: 366,
  declaration_request_expiration: 366,
  declaration_term: 36_600,
  employee_request_term: 366,
  employee_request_expiration: 366,
};

const days_of: Record<Unit, number> = { SECONDS: 1 / 86_400, HOURS: 1 / 24, DAYS: 1, MONTHS: 30.5, YEARS: 366 };

/** What is wrong with the changes, a term and its unit judged as they would stand together afterwards. */
export function findUnfit(changes: Record<string, string>, current: Record<string, string>): Invalid[] {
  const single = Object.entries(changes).flatMap(([name, value]) => unfitAlone(name, value));
  return single.length > 0 ? single : unfitTerms(changes, { ...default_parameters, ...current, ...changes });
}

function unfitAlone(name: string, value: string): Invalid[] {
  if (!Object.hasOwn(default_parameters, name))
    return [fieldRule(`$.${name.replace(/[^\w-]/g, '?').slice(0, 64)}`, 'unknown parameter', 'unknown')];
  if (name.endsWith('_unit')) return unfitUnit(name, value);
  if (!/^(0|[1-9][0-9]{0,8})$/.test(value)) return [fieldRule(`$.${name}`, 'a whole number is expected', 'format')];
  const [least, most] = counts[name as CountName] ?? [1, Number.MAX_SAFE_INTEGER];
  return Number(value) < least || Number(value) > most ? [outOfRange(name, least, most)] : [];
}

function unfitUnit(name: string, value: string): Invalid[] {
  // A declaration lasts for whole days of the civil calendar.
  const allowed: readonly string[] = name === 'declaration_term_unit' ? ['DAYS', 'MONTHS', 'YEARS'] : units;
  return allowed.includes(value)
    ? []
    : [fieldRule(`$.${name}`, 'value is not allowed in enum', 'inclusion', [...allowed])];
}

function unfitTerms(changes: Record<string, string>, values: Record<string, string>): Invalid[] {
  return Object.entries(longest_days).flatMap(([name, longest]) => {
    const changed = [name, `${name}_unit`].find((one) => Object.hasOwn(changes, one));
    if (changed === undefined) return [];
    const most = Math.floor(longest / days_of[values[`${name}_unit`] as Unit]);
    return Number(values[name]) > most ? [outOfRange(changed, 1, most)] : [];
  });
}

function outOfRange(name: string, least: number, most: number): Invalid {
  const what = name.endsWith('_unit') ? 'makes the term too long: in this unit it is' : 'must be';
  return fieldRule(`$.${name}`, `${what} a whole number from ${least} to ${most}`, 'number', [least, most]);
}
