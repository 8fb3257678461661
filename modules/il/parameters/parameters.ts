import type { IlDatabase, IlTransaction } from '../deps.ts';
import { refuse } from '../schemas/checks.ts';
import { findUnfit } from './bounds.ts';
import { default_parameters, type ParameterName, type Unit } from './defaults.ts';

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

/** Changes the given parameters. @throws Problem 422 for those that are not known or not what they should be. */
export async function putParameters(
  transaction: IlTransaction,
  changes: Record<string, string>,
  actor_id: string,
): Promise<void> {
  refuse(findUnfit(changes, await lockParameters(transaction)));
  for (const [parameter, value] of Object.entries(changes))
    await transaction
      .updateTable('il.global_parameters')
      .set({ value, updated_by: actor_id, updated_at: new Date().toISOString() })
      .where('parameter', '=', parameter)
      .execute();
}

/** Two changes at once take turns: one of a term and one of its unit may not fit each other. */
async function lockParameters(transaction: IlTransaction): Promise<Record<string, string>> {
  const rows = await transaction
    .selectFrom('il.global_parameters')
    .select(['parameter', 'value'])
    .orderBy('parameter')
    .forUpdate()
    .execute();
  return Object.fromEntries(rows.map((row) => [row.parameter, row.value]));
}
