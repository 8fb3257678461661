import type { DecisionModel, DecisionTable, ValueType } from '../model.ts';

/** A model of one table `verdict`, whose columns are plain facts: the shortest way to say what a test is about. */
export function smallModel(
  inputs: Record<string, ValueType>,
  rules: [...string[]][],
  more: Partial<DecisionTable> & { output?: ValueType; output_values?: string } = {},
): DecisionModel {
  const names = Object.keys(inputs);
  const { output = 'string', output_values, ...table } = more;
  return {
    id: 'model',
    name: 'model',
    namespace: 'https://zdravo.example/test',
    data: names.map((name, i) => ({ id: `data_${i}`, name, type: inputs[name]! })),
    tables: [
      {
        id: 'verdict',
        name: 'verdict',
        hit_policy: 'U',
        inputs: names.map((name, i) => ({ id: `in_${i}`, expression: name, type: inputs[name]! })),
        outputs: [
          { id: 'out', name: 'verdict', type: output, ...(output_values ? { allowed_values: output_values } : {}) },
        ],
        rules: rules.map((cells, i) => ({
          id: `rule_${i + 1}`,
          inputs: cells.slice(0, names.length),
          outputs: cells.slice(names.length),
        })),
        requires: names.map((_, i) => `data_${i}`),
        ...table,
      },
    ],
  };
}
