import type { DecisionModel, DecisionTable, TestCase, ValueType } from '@zdravo/decisions';

/** What a signal is about, the facts that its table looks at, and the rules that the platform ships with. */
type SignalTable = {
  kind: SignalKind;
  facts: Record<string, ValueType>;
  /** Cells in the order of the facts, then the score of the rule: scores of all rules that match are added. */
  rules: [cells: string[], score: number, annotation: string][];
};

export const signal_kinds = [
  'doctor_load',
  'shared_phone',
  'deceased_patient',
  'out_of_hours',
  'overlimit_cluster',
] as const;
export type SignalKind = (typeof signal_kinds)[number];

const tables: SignalTable[] = [
  {
    kind: 'doctor_load',
    facts: { declarations: 'integer', limit: 'integer', begun_on_busiest_day: 'integer' },
    rules: [
      [['> limit', '-', '-'], 40, 'more declarations than the norm of the speciality'],
      [['> 1.5 * limit', '-', '-'], 40, 'half as many again as the norm'],
      [['-', '-', '> 80'], 50, 'more than eighty declarations begun on one day: six minutes each for eight hours'],
    ],
  },
  {
    kind: 'shared_phone',
    facts: { declarations: 'integer', on_shared_phones: 'integer', largest_fanout: 'integer' },
    rules: [
      [['-', '>= 20', '-'], 30, 'twenty or more patients whose phone ten or more people use'],
      [['-', '>= 0.2 * declarations', '-'], 30, 'a fifth of the patients or more'],
      [['-', '-', '>= 50'], 40, 'one phone of fifty or more people'],
    ],
  },
  {
    kind: 'deceased_patient',
    facts: { days_since_death: 'integer', begun_after_death: 'boolean' },
    rules: [
      [['> 60', '-'], 40, 'active two months after the death'],
      [['-', 'true'], 100, 'begun after the death'],
    ],
  },
  {
    kind: 'out_of_hours',
    facts: { at_night: 'integer', busiest_night_hour: 'integer' },
    rules: [
      [['>= 20', '-'], 40, 'twenty or more declarations begun between 22:00 and 6:00 within a month'],
      [['-', '>= 15'], 50, 'fifteen or more within one hour of a night'],
    ],
  },
  {
    kind: 'overlimit_cluster',
    facts: { doctors: 'integer', doctors_over_limit: 'integer' },
    rules: [
      [['-', '>= 3'], 40, 'three or more doctors over their norm'],
      [['>= 3', '>= 0.5 * doctors'], 40, 'half of the doctors or more'],
    ],
  },
];

/** Scores of signals as tables of added points. */
export function signalsModel(): DecisionModel {
  const facts = new Map(tables.flatMap((table) => Object.entries(table.facts)));
  return {
    id: 'fraud_signals',
    name: 'Signals of fraud',
    namespace: 'https://zdravo.example/decisions/signals',
    data: [...facts].map(([name, type]) => ({ id: name, name, type })),
    tables: tables.map(decisionTable),
  };
}

export const signal_test_cases: TestCase[] = [
  testCase('doctor_load', { declarations: 1_800, limit: 1_800, begun_on_busiest_day: 40 }, '0'),
  testCase('doctor_load', { declarations: 2_801, limit: 1_800, begun_on_busiest_day: 90 }, '130'),
  testCase('shared_phone', { declarations: 1_000, on_shared_phones: 19, largest_fanout: 10 }, '0'),
  testCase('shared_phone', { declarations: 100, on_shared_phones: 20, largest_fanout: 50 }, '100'),
  testCase('deceased_patient', { days_since_death: 60, begun_after_death: false }, '0'),
  testCase('deceased_patient', { days_since_death: 61, begun_after_death: true }, '140'),
  testCase('out_of_hours', { at_night: 19, busiest_night_hour: 14 }, '0'),
  testCase('out_of_hours', { at_night: 20, busiest_night_hour: 15 }, '90'),
  testCase('overlimit_cluster', { doctors: 2, doctors_over_limit: 2 }, '0'),
  testCase('overlimit_cluster', { doctors: 6, doctors_over_limit: 3 }, '80'),
];

function testCase(decision: SignalKind, inputs: Record<string, number | boolean>, output: string): TestCase {
  return { name: `${decision} ${Object.values(inputs).join(', ')}`, decision, inputs, expected: { output } };
}

function decisionTable({ kind, facts, rules }: SignalTable): DecisionTable {
  const names = Object.entries(facts);
  return {
    id: kind,
    name: kind,
    hit_policy: 'C',
    aggregation: '+',
    requires: names.map(([name]) => name),
    inputs: names.map(([name, type]) => ({ id: `${kind}_${name}`, expression: name, type })),
    outputs: [{ id: `${kind}_score`, name: kind, type: 'number', default: '0' }],
    rules: rules.map(([inputs, score, annotation], i) => ({
      id: `${kind}_${i + 1}`,
      inputs,
      outputs: [String(score)],
      annotation,
    })),
  };
}
