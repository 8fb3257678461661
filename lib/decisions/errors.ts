/** Every code a caller may branch on; messages may change, codes may not. */
export const DECISION_CODES = {
  DMN_SYNTAX: 'the document is not well-formed XML',
  DMN_DOCTYPE: 'the document has a DTD or an entity; both are refused',
  DMN_TOO_LARGE: 'the document is larger or deeper than allowed',
  DMN_STRUCTURE: 'an element or attribute that DMN requires is missing or wrong',
  DMN_UNSUPPORTED: 'the document uses a part of DMN that this engine does not evaluate',
  DMN_REFERENCE: 'a href or typeRef points at nothing',
  FEEL_SYNTAX: 'a cell is not a FEEL expression',
  FEEL_UNSUPPORTED: 'a cell uses a part of FEEL that this engine does not evaluate',
  FEEL_TYPE: 'a cell compares or combines values of different types',
  UNKNOWN_NAME: 'an expression names an input or decision that does not exist or is not required',
  TABLE_SHAPE: 'a table has no columns, a rule has a wrong number of cells, or a name is used twice',
  HIT_POLICY: 'the hit policy does not fit the outputs',
  OUTPUT_NOT_ALLOWED: 'an output is not among the allowed values of its column',
  REQUIREMENT_CYCLE: 'decisions require each other in a circle',
  UNKNOWN_DECISION: 'no decision has this id',
  GAP: 'no rule matches for some inputs',
  OVERLAP: 'two rules match the same inputs with a hit policy that forbids it',
  UNREACHABLE_RULE: 'a rule can never decide anything',
  TABLE_TOO_COMPLEX: 'the table is too large to prove gaps and overlaps',
  INPUT_MISSING: 'the row lacks an input',
  INPUT_UNKNOWN: 'the row has a member that is no input',
  INPUT_TYPE: 'an input has a value of another type',
  INPUT_NOT_ALLOWED: 'an input is not among the allowed values of its column',
  RULES_CONFLICT: 'several rules matched one row with a hit policy that forbids it',
  DIVISION_BY_ZERO: 'an expression divided by zero',
  NOT_A_NUMBER: 'a text is not a decimal number',
  NUMBER_TOO_LARGE: 'a number has more than a thousand digits',
  REVISION_STATE: 'the revision is not in the state that this step needs',
  NOT_TESTED: 'the revision has no passed tests for exactly this content',
  FOUR_EYES: 'the author of a revision cannot publish it',
  EFFECTIVE_DATE: 'the effective date is not a date or lies in the past without a reason',
  NO_REVISION_IN_FORCE: 'no published revision is in force on this date',
  EXPERIMENT_SHARES: 'the shares of an experiment are not whole basis points of at most 10000 in sum',
} as const;

export type DecisionCode = keyof typeof DECISION_CODES;

/**
 * Where something is wrong. `rule` counts from 1 as analysts do, `cell` is the column (an input's expression or an
 * output's name), `offset` the character in the cell's text from 0, `line` and `column` the place in the XML from 1,
 * `row` the index in a batch from 0.
 */
export interface Place {
  table?: string;
  rule?: number;
  cell?: string;
  offset?: number;
  line?: number;
  column?: number;
  row?: number;
}

/** The one error of this library: a stable code, a place and a sentence with what was expected and found. */
export class DecisionError extends Error {
  override name = 'DecisionError';
  readonly code: DecisionCode;
  readonly place: Place;

  constructor(code: DecisionCode, message: string, place: Place = {}, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.place = place;
  }
}

/** Runs `work`; a DecisionError out of it gains the members of `place` that it does not know yet. */
export function withPlace<T>(place: Place, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof DecisionError)) throw error;
    throw new DecisionError(error.code, error.message, { ...place, ...error.place }, { cause: error });
  }
}
