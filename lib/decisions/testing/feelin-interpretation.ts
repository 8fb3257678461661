import { evaluate, unaryTest } from 'feelin';
import type { DecisionTable } from '../model.ts';

/** The rules, from 0, that match a row when every cell is interpreted by feelin; dates must be FEEL dates in `row`. */
export function rulesByFeelin(table: DecisionTable, row: Record<string, unknown>): number[] {
  const values = table.inputs.map((input) => evaluate(input.expression, row).value);
  return table.rules.flatMap((rule, r) => {
    const matches = rule.inputs.every((cell, i) => {
      if (cell.trim() === '' || cell.trim() === '-') return true;
      return unaryTest(cell, { ...row, '?': values[i] }).value === true;
    });
    return matches ? [r] : [];
  });
}
