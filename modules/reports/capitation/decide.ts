import {
  type CompiledModel,
  compileModel,
  DecisionError,
  explain,
  explanationText,
  type Revision,
  revisionInForce,
} from '@zdravo/decisions';
import type { TransactionOf } from '@zdravo/kit/db';
import { conflict } from '@zdravo/kit/problem';
import { type CapitationVerdict, capitation_decision, capitationVerdict } from '../rules/capitation-model.ts';
import { findTableByKey, listRevisions } from '../rules/revision-store.ts';
import type { Tables } from '../tables.ts';

type Db = TransactionOf<Tables>;

export type Explained = {
  mountain_group: boolean;
  age: number;
  verdict?: CapitationVerdict;
  error_code?: string;
  text: string;
};

/** The capitation table's revision in force on a billing date. @throws Problem `no_rates_in_force`. */
export async function ratesOn(db: Db, month: string): Promise<Revision> {
  const table = await findTableByKey(db, 'capitation');
  try {
    return revisionInForce(table ? await listRevisions(db, table.id) : [], month);
  } catch (error) {
    if (error instanceof DecisionError)
      throw conflict(`No rates are in force on ${month}. Nothing was published.`, 'no_rates_in_force');
    throw error;
  }
}

/** Decides every distinct input once, with its explanation. An input that the table refuses keeps its error's code. */
export function decideInputs(revision: Revision, inputs: { mountain_group: boolean; age: number }[]): Explained[] {
  const compiled = compileModel(revision.model);
  return inputs.map((input) => ({ ...input, ...decideOne(compiled, input) }));
}

/**
 * An input that no rate can be for (an age of 156) is listed with the errors of its declarations; anything else is wrong
 * with the table, and money would be missing. @throws Problem `rates_failed` with the input and the cells.
 */
export function refuseBrokenRates(month: string, explained: readonly Explained[]): void {
  const broken = explained.find(({ error_code }) => error_code && !error_code.startsWith('INPUT_'));
  if (!broken) return;
  const { age, mountain_group, error_code, text } = broken;
  throw conflict(
    `The rates in force on ${month} do not decide age ${age}${mountain_group ? ' in the mountains' : ''}: ${error_code}. ${text} Nothing was published.`,
    'rates_failed',
  );
}

/**
 * A line is one rate: two within an age group would have to be averaged or split, and a line says neither.
 * @throws Problem `rates_failed` with the group and two ages.
 */
export function refuseTwoRates(which: string, explained: readonly Explained[]): void {
  const known = new Map<string, Explained>();
  for (const one of explained.toSorted((a, b) => a.age - b.age)) {
    if (!one.verdict) continue;
    const group = `${one.verdict.age_group}${one.mountain_group ? ' in the mountains' : ''}`;
    const first = known.get(group) ?? one;
    known.set(group, first);
    if (JSON.stringify(first.verdict) === JSON.stringify(one.verdict)) continue;
    throw conflict(
      `The rates ${which} give the group ${group} one rate at age ${first.age} and another at age ${one.age}. Nothing was published.`,
      'rates_failed',
    );
  }
}

function decideOne(
  model: CompiledModel,
  row: { mountain_group: boolean; age: number },
): Omit<Explained, 'mountain_group' | 'age'> {
  try {
    const explanation = explain(model, capitation_decision, row);
    const text = [...explanation.required, explanation]
      .map((one) => explanationText({ ...one, required: [] }))
      .join('\n');
    if (explanation.error) return { error_code: explanation.error.code, text };
    if (explanation.verdict?.outcome === 'none') return { error_code: 'NO_RULE', text };
    const verdict = capitationVerdict(explanation.verdict!.output);
    return verdict ? { verdict, text } : { error_code: 'NOT_A_RATE', text };
  } catch (error) {
    if (!(error instanceof DecisionError)) throw error;
    return { error_code: error.code, text: error.message };
  }
}
