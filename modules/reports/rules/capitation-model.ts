import type { CapitationRates } from '@zdravo/country-ua';
import type { DecisionModel, DecisionTable, Output, TestCase } from '@zdravo/decisions';

/** The decision that a capitation run asks for every distinct pair of age and mountain flag. */
export const capitation_decision = 'capitation';

/** What it answers; numbers are exact decimal texts. */
export type CapitationVerdict = {
  age_group: string;
  base_rate_minor_per_year: string;
  age_coefficient: string;
  mountain_coefficient: string;
};

/** The answer when money can be made of it: a named group, a whole base rate and coefficients, none of them negative. */
export function capitationVerdict(output: Output): CapitationVerdict | undefined {
  if (typeof output !== 'object' || output === null || Array.isArray(output)) return undefined;
  const { age_group, base_rate_minor_per_year, age_coefficient, mountain_coefficient } = output;
  const is_number = (value: unknown) => typeof value === 'string' && /^\d{1,12}(\.\d{1,12})?$/.test(value);
  if (typeof age_group !== 'string' || age_group === '') return undefined;
  if (![base_rate_minor_per_year, age_coefficient, mountain_coefficient].every(is_number)) return undefined;
  if (String(base_rate_minor_per_year).includes('.')) return undefined;
  return { age_group, base_rate_minor_per_year, age_coefficient, mountain_coefficient } as CapitationVerdict;
}

/** Rates as tables that analysts own: age groups, their coefficients, the mountain coefficient and the base rate. */
export function capitationModel(rates: CapitationRates): DecisionModel {
  const groups = Object.entries(rates.age_coefficient_hundredths);
  return {
    id: 'capitation_rates',
    name: 'Capitation',
    namespace: 'https://zdravo.example/decisions/capitation',
    data: [
      { id: 'age', name: 'age', type: 'integer' },
      { id: 'mountain_group', name: 'mountain_group', type: 'boolean' },
    ],
    tables: [
      table('age_group', ['age'], {
        input: { expression: 'age', type: 'integer', allowed_values: '[0..150]' },
        output: 'string',
        rules: groups.map(([group]) => [rangeOf(group), JSON.stringify(group)]),
      }),
      table('age_coefficient', ['age_group'], {
        input: {
          expression: 'age_group',
          type: 'string',
          allowed_values: groups.map(([group]) => JSON.stringify(group)).join(', '),
        },
        output: 'number',
        rules: groups.map(([group, hundredths]) => [JSON.stringify(group), decimalOf(hundredths)]),
      }),
      table('mountain_coefficient', ['mountain_group'], {
        input: { expression: 'mountain_group', type: 'boolean' },
        output: 'number',
        rules: [
          ['true', decimalOf(rates.mountain_coefficient_hundredths)],
          ['false', '1'],
        ],
      }),
      capitationTable(rates),
    ],
  };
}

/** The boundaries of every group and both sides of the mountain line: what a first revision is published with. */
export function capitationTestCases(rates: CapitationRates): TestCase[] {
  const ages = [0, 4, 5, 6, 17, 18, 39, 40, 64, 65, 66, 150];
  const model_groups = Object.keys(rates.age_coefficient_hundredths);
  const groupOf = (age: number) => model_groups.find((group) => contains(group, age))!;
  return ages.flatMap((age) =>
    [false, true].map((mountain_group): TestCase => {
      const age_group = groupOf(age);
      const coefficients = rates.age_coefficient_hundredths as Record<string, number>;
      return {
        name: `age ${age}, ${mountain_group ? 'mountains' : 'plain'}`,
        decision: capitation_decision,
        inputs: { age, mountain_group },
        expected: {
          output: {
            age_group,
            base_rate_minor_per_year: String(rates.base_rate_minor_per_year),
            age_coefficient: decimalOf(coefficients[age_group]!),
            mountain_coefficient: mountain_group ? decimalOf(rates.mountain_coefficient_hundredths) : '1',
          },
        },
      };
    }),
  );
}

type Small = {
  input: { expression: string; type: 'integer' | 'string' | 'boolean'; allowed_values?: string };
  output: 'string' | 'number';
  rules: [string, string][];
};

function table(name: string, requires: string[], { input, output, rules }: Small): DecisionTable {
  return {
    id: name,
    name,
    hit_policy: 'U',
    requires,
    inputs: [{ id: `${name}_input`, ...input }],
    outputs: [{ id: `${name}_output`, name, type: output }],
    rules: rules.map(([test, value], i) => ({ id: `${name}_${i + 1}`, inputs: [test], outputs: [value] })),
  };
}

function capitationTable(rates: CapitationRates): DecisionTable {
  const outputs = ['age_group', 'base_rate_minor_per_year', 'age_coefficient', 'mountain_coefficient'];
  return {
    id: capitation_decision,
    name: capitation_decision,
    hit_policy: 'U',
    requires: ['mountain_group', 'age_group', 'age_coefficient', 'mountain_coefficient'],
    inputs: [{ id: 'capitation_input', expression: 'mountain_group', type: 'boolean' }],
    outputs: outputs.map((name, i) => ({ id: `capitation_${name}`, name, type: i === 0 ? 'string' : 'number' })),
    rules: [
      {
        id: 'capitation_1',
        inputs: ['-'],
        outputs: ['age_group', String(rates.base_rate_minor_per_year), 'age_coefficient', 'mountain_coefficient'],
        annotation: rates.source,
      },
    ],
  };
}

/** `0-5` → `[0..5]`, `65+` → `>= 65`. */
function rangeOf(group: string): string {
  const [from, to] = group.split('-');
  return to === undefined ? `>= ${Number.parseInt(group, 10)}` : `[${from}..${to}]`;
}

function contains(group: string, age: number): boolean {
  const [from, to] = group.split('-');
  return age >= Number.parseInt(from!, 10) && (to === undefined || age <= Number(to));
}

/** 120 hundredths → `1.2`. */
function decimalOf(hundredths: number): string {
  const digits = String(hundredths).padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`.replace(/\.?0+$/, '');
}
