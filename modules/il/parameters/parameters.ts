import { invalidField } from '@zdravo/kit/problem';
import type { IlDatabase, IlTransaction } from '../deps.ts';

/** The reference's values (domain.md §2.3); a term is a number with its unit beside it. */
export const default_parameters = {
  billing_date: '1',
  verification_request_term: '3',
  verification_request_term_unit: 'DAYS',
  verification_request_expiration: '1',
  declaration_request_term: '1',
  declaration_request_term_unit: 'DAYS',
  declaration_request_expiration: '1',
  declaration_request_expiration_unit: 'DAYS',
  declaration_term: '365',
  declaration_term_unit: 'DAYS',
  adult_age: '18',
  employee_request_term: '30',
  employee_request_term_unit: 'DAYS',
  employee_request_expiration: '29',
  employee_request_expiration_unit: 'DAYS',
  phone_number_auth_limit: '10',
  declaration_limit_pediatrician: '900',
  declaration_limit_therapist: '2000',
  declaration_limit_family_doctor: '1800',
  // Not of the reference: how long the records of an ended declaration are kept against a patient's own wish.
  erasure_retention_days: '1826',
} as const;

export type ParameterName = keyof typeof default_parameters;

/** Business configuration, read on every use and remembered for seconds. */
export type Parameters = {
  all(): Promise<Record<string, string>>;
  number(name: ParameterName): Promise<number>;
  /** When what is as old now as this parameter allows began, by its unit; days when it has none. */
  startOf(name: ParameterName & `${string}_expiration`, now: Date): Promise<Date>;
  /** Forgets what was remembered; after a write. */
  refresh(): void;
};

const remembered_ms = 5_000;

export function createParameters(db: IlDatabase): Parameters {
  let known: { values: Promise<Record<string, string>>; until: number } | undefined;

  function all(): Promise<Record<string, string>> {
    if (known && performance.now() < known.until) return known.values;
    const values = readAll(db);
    known = { values, until: performance.now() + remembered_ms };
    values.catch(() => {
      known = undefined;
    });
    return values;
  }

  async function number(name: ParameterName): Promise<number> {
    const value = Number((await all())[name] ?? default_parameters[name]);
    if (!Number.isFinite(value)) throw new Error(`the parameter ${name} is not a number`);
    return value;
  }

  return {
    all,
    number,
    startOf: async (name, now) => {
      const unit = (await all())[`${name}_unit`] ?? 'DAYS';
      return earlier(now, await number(name), unit as Unit);
    },
    refresh: () => {
      known = undefined;
    },
  };
}

const units = ['SECONDS', 'HOURS', 'DAYS', 'MONTHS', 'YEARS'] as const;
type Unit = (typeof units)[number];

const lengths_ms: Partial<Record<Unit, number>> = { SECONDS: 1_000, HOURS: 3_600_000, DAYS: 86_400_000 };

function earlier(now: Date, count: number, unit: Unit): Date {
  const length_ms = lengths_ms[unit];
  if (length_ms !== undefined) return new Date(now.getTime() - count * length_ms);
  const date = new Date(now);
  date.setUTCMonth(date.getUTCMonth() - count * (unit === 'YEARS' ? 12 : 1));
  return date;
}

async function readAll(db: IlDatabase): Promise<Record<string, string>> {
  const rows = await db
    .selectFrom('il.global_parameters')
    .select(['parameter', 'value'])
    .orderBy('parameter')
    .execute();
  return Object.fromEntries(rows.map((row) => [row.parameter, row.value]));
}

/** Adds the parameters that are not there yet. */
export async function seedParameters(db: IlDatabase): Promise<void> {
  await db
    .insertInto('il.global_parameters')
    .values(Object.entries(default_parameters).map(([parameter, value]) => ({ parameter, value })))
    .onConflict((one) => one.column('parameter').doNothing())
    .execute();
}

/** Changes the given parameters. @throws Problem 422 for one that is not known or not what it should be. */
export async function putParameters(
  transaction: IlTransaction,
  changes: Record<string, string>,
  actor_id: string,
): Promise<void> {
  for (const [parameter, value] of Object.entries(changes)) {
    refuseUnfit(parameter, value);
    await transaction
      .updateTable('il.global_parameters')
      .set({ value, updated_by: actor_id, updated_at: new Date().toISOString() })
      .where('parameter', '=', parameter)
      .execute();
  }
}

function refuseUnfit(parameter: string, value: string): void {
  if (!Object.hasOwn(default_parameters, parameter)) throw invalidField('$', 'unknown parameter', 'unknown');
  const is_unit = parameter.endsWith('_unit');
  // A declaration lasts for whole days of the civil calendar.
  const allowed: readonly string[] = parameter === 'declaration_term_unit' ? ['DAYS', 'MONTHS', 'YEARS'] : units;
  if (is_unit && !allowed.includes(value))
    throw invalidField(`$.${parameter}`, 'value is not allowed in enum', 'inclusion', allowed);
  if (!is_unit && !/^[0-9]{1,6}$/.test(value))
    throw invalidField(`$.${parameter}`, 'a whole number is expected', 'format');
}
