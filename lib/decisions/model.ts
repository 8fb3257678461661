/**
 * What an analyst writes: tables of FEEL texts with typed columns, as in DMN 1.5 §8. All of it is plain data that
 * survives JSON; nothing in it is executed before it is parsed and type-checked.
 */

/** `integer` is a FEEL number that must be whole; `dateTime` always carries a zone or Z. */
export type ValueType = 'string' | 'number' | 'integer' | 'boolean' | 'date' | 'dateTime';

/** U unique, A any, P priority, F first, R rule order, O output order, C collect. */
export type HitPolicy = 'U' | 'A' | 'P' | 'F' | 'R' | 'O' | 'C';

/** Of a collect table: + sum, < minimum, > maximum, # number of hits. */
export type Aggregation = '+' | '<' | '>' | '#';

/** A named fact that callers supply with every row. */
export interface InputData {
  id: string;
  name: string;
  type: ValueType;
}

export interface TableInput {
  id: string;
  label?: string;
  /** A FEEL expression over input data and required decisions; mostly just a name. */
  expression: string;
  type: ValueType;
  /** Unary tests that the value must pass, e.g. `[0..150]`; null passes only if they mention it. */
  allowed_values?: string;
}

export interface TableOutput {
  id: string;
  name: string;
  label?: string;
  type: ValueType;
  /** Comma-separated literals; their order is the priority for the hit policies P and O. */
  allowed_values?: string;
  /** A FEEL expression that counts when no rule matches. */
  default?: string;
}

export interface Rule {
  id: string;
  /** One FEEL unary test per input; `-` or nothing matches everything. */
  inputs: string[];
  /** One FEEL expression per output. */
  outputs: string[];
  annotation?: string;
}

export interface DecisionTable {
  id: string;
  /** The name under which other tables see the result. */
  name: string;
  hit_policy: HitPolicy;
  aggregation?: Aggregation;
  inputs: TableInput[];
  outputs: TableOutput[];
  rules: Rule[];
  /** Ids of the input data and decisions whose values its expressions may use. */
  requires: string[];
}

/** Tables that belong together, with the facts they start from. */
export interface DecisionModel {
  id: string;
  name: string;
  namespace: string;
  data: InputData[];
  tables: DecisionTable[];
}

/** A value as it enters and leaves: numbers leave as exact decimal text, dates and instants are ISO text. */
export type OutputValue = string | boolean | null;

/** Per DMN: the value of a single output, a record of several, a list for the hit policies R, O and C. */
export type Output = OutputValue | { [name: string]: OutputValue } | (OutputValue | { [name: string]: OutputValue })[];

/** A row of facts by name of the input data. */
export type Row = Readonly<Record<string, unknown>>;
