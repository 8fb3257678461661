import { type BlockingPlan, countAllPairs } from './blocking/candidates.ts';
import { parseRule, ruleParts } from './blocking/rules.ts';
import { ConfigError } from './config.ts';
import type { LinkResult } from './link.ts';
import type { Field, RecordTable } from './records/table.ts';
import { buildFields, type ResolvedField } from './resolve.ts';
import type { HouseholdParameters } from './training/household.ts';
import type { FieldParameters } from './training/parameters.ts';
import type { ValueFrequencies } from './training/scoring.ts';

const ENGINE = '@zdravo/linkage 0.1.0';
export const MODEL_FORMAT = 'zdravo-linkage-model';
/** Grows by one when files of an older shape can no longer be read. */
export const MODEL_VERSION = 1;

/** How a model came to be: enough to judge whether it may be trusted on other data. */
export interface TrainingRecord {
  engine: string;
  records: number;
  candidate_pairs: number;
  expected_matches: number;
  rounds: number;
  /** Share of matches that the blocking rules are expected to find, from the learnt m. */
  estimated_coverage: number;
  household_note: string;
}

/** Everything that is needed to link further records: a JSON value, with no personal values in it but hashes of common ones. */
export interface LinkageModel {
  format: typeof MODEL_FORMAT;
  version: typeof MODEL_VERSION;
  /** Whether it was trained on plain values or on keyed tokens; levels mean the same, their probabilities differ slightly. */
  kind: 'values' | 'tokens';
  fields: readonly ResolvedField[];
  parameters: readonly FieldParameters[];
  household: HouseholdParameters | null;
  /** Probability that two random records are one entity. */
  prior: number;
  threshold: number;
  blocking: readonly (readonly string[])[];
  largest_block: number;
  /** For each field, hashes of common values with the number of entities that have them. */
  frequencies: readonly { entities: number; common: readonly (readonly [number, number])[] }[];
  training: TrainingRecord;
}

const FEWEST_ENTITIES = 5;
const MOST_VALUES = 5000;

/** The commonest values of each field by hash; values of fewer than five entities are left out, so that none points at a person. */
export function commonValues(
  table: RecordTable,
  frequencies: readonly ValueFrequencies[],
): LinkageModel['frequencies'] {
  return frequencies.map((counts, field) => {
    const common: [number, number][] = [];
    let entities = 0;
    counts.forEach((count, code) => {
      entities += count;
      if (code > 0 && count >= FEWEST_ENTITIES) common.push([table.dictionaries[field]!.token(code, -1), count]);
    });
    common.sort((a, b) => b[1] - a[1] || a[0] - b[0]);
    return { entities, common: common.slice(0, MOST_VALUES) };
  });
}

/** Fields and blocking plan of a model. */
export function openModel(model: LinkageModel): { fields: Field[]; plan: BlockingPlan } {
  const fields = buildFields(model.fields);
  const rules = model.blocking.map((written) => parseRule(written, fields));
  return { fields, plan: { rules, exhaustive: false, largest_block: model.largest_block } };
}

/** Blocking rules as they are written in files. */
export function writtenRules(plan: BlockingPlan, fields: readonly Field[]): string[][] {
  return plan.rules.map((rule) => ruleParts(rule, fields));
}

/**
 * The prior among so many records: matches grow with their number, pairs with its square, so a registry ten times as large needs
 * ten times the evidence. Never more than learnt: fewer records may be a sample of the same population.
 */
export function priorAmong({ prior, training }: Pick<LinkageModel, 'prior' | 'training'>, records: number): number {
  return prior * Math.min(1, training.records / Math.max(1, records));
}

/** Reads a model file's JSON. Throws ConfigError when it is none, or of a version that this engine does not know. */
export function readModel(json: unknown): LinkageModel {
  const model = json as Partial<LinkageModel> | null;
  if (typeof model !== 'object' || model === null || model.format !== MODEL_FORMAT) {
    throw new ConfigError(`this is no linkage model: "format" should be ${JSON.stringify(MODEL_FORMAT)}`);
  }
  if (model.version !== MODEL_VERSION) {
    throw new ConfigError(
      `the model has version ${String(model.version)}; this engine reads version ${MODEL_VERSION}: train it again`,
    );
  }
  const parts = [model.fields, model.parameters, model.frequencies, model.blocking];
  const isWhole = parts.every(Array.isArray) && model.fields!.length === model.parameters!.length;
  if (!isWhole || typeof model.prior !== 'number')
    throw new ConfigError('the model file is damaged: fields, parameters or prior are missing');
  return model as LinkageModel;
}

/** The model that a training run left behind. */
export function modelOf(
  table: RecordTable,
  result: LinkResult,
  { kind, fields }: Pick<LinkageModel, 'kind' | 'fields'>,
): LinkageModel {
  const allPairs = countAllPairs(table);
  return {
    format: MODEL_FORMAT,
    version: MODEL_VERSION,
    kind,
    fields,
    parameters: result.parameters,
    household: result.household,
    prior: result.prior,
    threshold: result.threshold,
    blocking: writtenRules(result.plan, table.fields),
    largest_block: result.plan.largest_block,
    frequencies: commonValues(table, result.frequencies),
    training: {
      engine: ENGINE,
      records: table.size,
      candidate_pairs: result.pairs.size,
      expected_matches: Math.round(result.prior * allPairs),
      rounds: 3,
      estimated_coverage: result.coverage,
      household_note: result.household_note,
    },
  };
}
