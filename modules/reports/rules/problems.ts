import { DecisionError } from '@zdravo/decisions';
import { Problem } from '@zdravo/kit/problem';

const contradictions = new Set(['REVISION_STATE', 'NOT_TESTED', 'FOUR_EYES', 'NO_REVISION_IN_FORCE']);

/** What is wrong with a table or a row, with its place; anything that is no `DecisionError` stays what it was. */
export function decisionProblem(error: unknown, entry: string): unknown {
  if (!(error instanceof DecisionError)) return error;
  const code = error.code.toLowerCase();
  if (contradictions.has(error.code))
    return new Problem({ status: 409, code, message: `${error.message}${placeText(error)}`, cause: error });
  const params = Object.entries(error.place).map(([name, value]) => ({ [name]: value }));
  const rules = [{ rule: code, params, description: error.message }];
  const invalid = [{ entry: entryOf(entry, error), entry_type: 'json_data_property' as const, rules }];
  return new Problem({ status: 422, code, message: error.message, invalid, cause: error });
}

/** ` (table age_group, rule 4, cell age)`; empty without a place. */
function placeText({ place }: DecisionError): string {
  const parts = Object.entries(place).map(([name, value]) => `${name} ${value}`);
  return parts.length > 0 ? ` (${parts.join(', ')})` : '';
}

function entryOf(entry: string, { place }: DecisionError): string {
  return entry === '$.inputs' && place.cell ? `$.inputs.${place.cell}` : entry;
}
