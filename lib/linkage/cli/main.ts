import { writeFile } from 'node:fs/promises';
import { type BlockingPlan, isLinking } from '../blocking/candidates.ts';
import { defaultBlocking } from '../blocking/default-rules.ts';
import { parseRule } from '../blocking/rules.ts';
import { ConfigError, type LinkageConfig, readConfig } from '../config.ts';
import { type Evaluation, evaluateClusters } from '../evaluate.ts';
import { type LinkResult, linkRecords } from '../link.ts';
import { type LinkageModel, modelOf, openModel, readModel } from '../model.ts';
import type { RecordTable } from '../records/table.ts';
import { type Arguments, HelpRequest, readArguments, UsageError } from './arguments.ts';
import { InputError } from './csv.ts';
import { explainPairs } from './explain.ts';
import { type LoadedInput, loadInputs, readJson } from './load.ts';
import { createProgress } from './progress.ts';
import { clusterLines, figuresText, pairLines } from './report.ts';

/** Runs the command line; answers the exit code: 0 done, 1 the data or configuration cannot be used, 2 wrong usage. */
export async function runCli(argv: readonly string[]): Promise<number> {
  try {
    await run(readArguments(argv));
    return 0;
  } catch (error) {
    if (error instanceof HelpRequest) {
      process.stdout.write(`${error.message}\n`);
      return 0;
    }
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\n`);
      return 2;
    }
    if (error instanceof InputError || error instanceof ConfigError || error instanceof RangeError) {
      process.stderr.write(`zdravo-linkage: ${error.message}\n`);
      return 1;
    }
    throw error;
  }
}

async function run(args: Arguments): Promise<void> {
  const started = performance.now();
  const progress = createProgress(args.quiet);
  const config = await configOf(args);
  const given =
    args.model !== undefined && args.command !== 'train' ? readModel(await readJson(args.model)) : undefined;
  const keepValues = args.command === 'explain';
  const input = await loadInputs(args.inputs, { config, fields: given?.fields, keepValues, progress: progress.step });
  const loaded = performance.now();
  const { table } = input;
  const result = linkRecords(table, {
    plan: planOf(table, config, given),
    threshold: args.threshold ?? given?.threshold ?? config.threshold,
    household: config.household,
    mostPairs: config.most_pairs,
    trained: given,
    progress: progress.step,
  });
  progress.done();
  const model = given ?? modelOf(table, result, { kind: 'values', fields: input.fields });
  const evaluation = evaluationOf(args, table, result);
  const figures = figuresOf({ args, input, result, model, evaluation, started, loaded });
  await write(args, { input, result, model, figures });
}

async function configOf(args: Arguments): Promise<LinkageConfig> {
  const config = readConfig(args.config === undefined ? {} : await readJson(args.config));
  return { ...config, truth: args.truth ?? config.truth, truth_pattern: args.truthPattern ?? config.truth_pattern };
}

function planOf(table: RecordTable, config: LinkageConfig, model: LinkageModel | undefined): BlockingPlan {
  if (config.blocking !== undefined && config.blocking.length > 0) {
    const rules = config.blocking.map((written) => parseRule(written, table.fields));
    return { rules, exhaustive: false, largest_block: Math.max(2000, Math.floor(Math.sqrt(4 * table.size))) };
  }
  return model === undefined ? defaultBlocking(table) : openModel(model).plan;
}

function evaluationOf(args: Arguments, table: RecordTable, result: LinkResult): Evaluation | undefined {
  if (table.truth === undefined) {
    if (args.command === 'evaluate') throw new ConfigError('evaluate needs a truth column with values: --truth COLUMN');
    return undefined;
  }
  const evaluation = evaluateClusters(result.clusterOf, table.truth, isLinking(table) ? table.sources : undefined);
  if (evaluation.true_pairs === 0) {
    process.stderr.write(
      'zdravo-linkage: no value of the truth column repeats, so there is nothing to find; is it the right column? (--truth-pattern can cut the entity out of an id)\n',
    );
  }
  return evaluation;
}

interface Outcome {
  args: Arguments;
  input: LoadedInput;
  result: LinkResult;
  model: LinkageModel;
  evaluation: Evaluation | undefined;
  started: number;
  loaded: number;
}

/** The JSON of `--json`. Times are seconds, memory is megabytes of resident set at its peak. */
export type Figures = ReturnType<typeof figuresOf>;

function figuresOf({ args, input, result, model, evaluation, started, loaded }: Outcome) {
  const { table } = input;
  const now = performance.now();
  const isOwn = Int32Array.from(result.clusterOf, (cluster, row) => (cluster === row ? 1 : 0));
  return {
    command: args.command,
    records: table.size,
    clusters: isOwn.reduce((sum, own) => sum + own, 0),
    candidate_pairs: result.pairs.size,
    threshold: result.threshold,
    ...(evaluation === undefined
      ? {}
      : {
          precision: evaluation.precision,
          recall: evaluation.recall,
          f1: evaluation.f1,
          b3_precision: evaluation.b3.precision,
          b3_recall: evaluation.b3.recall,
          b3_f1: evaluation.b3.f1,
          b3: evaluation.b3,
          true_pairs: evaluation.true_pairs,
          found_pairs: evaluation.found_pairs,
          correct_pairs: evaluation.correct_pairs,
          wrong_pairs: evaluation.wrong_pairs,
          missed_pairs: evaluation.missed_pairs,
        }),
    time_s: round(now - started),
    seconds: round(now - started),
    time: { total_s: round(now - started), read_s: round(loaded - started), link_s: round(now - loaded) },
    memory_mb: Math.round(process.resourceUsage().maxRSS / 1024),
    estimated_coverage: result.coverage,
    skipped_blocks: result.pairs.skipped,
    household: result.household_note,
    fields: input.fields.map(({ name, type }) => ({ name, type })),
    blocking: result.plan.exhaustive ? 'all pairs' : model.blocking,
  };
}

function round(milliseconds: number): number {
  return Math.round(milliseconds) / 1000;
}

async function write(
  args: Arguments,
  { input, result, model, figures }: { input: LoadedInput; result: LinkResult; model: LinkageModel; figures: Figures },
): Promise<void> {
  if (args.command === 'explain') return put(undefined, explainPairs(args, { input, result, model }));
  if (args.command === 'train') {
    const path = args.model ?? args.output;
    if (path !== undefined) await put(path, `${JSON.stringify(model, null, 1)}\n`);
    return put(undefined, args.json ? `${JSON.stringify(figures)}\n` : figuresText(figures));
  }
  const listing = (): string =>
    isLinking(input.table) ? pairLines(input.table, result) : clusterLines(input.table, result);
  if (args.output !== undefined) await put(args.output, listing());
  if (args.json) return put(undefined, `${JSON.stringify(figures)}\n`);
  if (args.command === 'evaluate' || args.output !== undefined) return put(undefined, figuresText(figures));
  if (!args.quiet) process.stderr.write(figuresText(figures));
  return put(undefined, listing());
}

async function put(path: string | undefined, text: string): Promise<void> {
  if (path !== undefined) {
    try {
      return await writeFile(path, text);
    } catch (cause) {
      throw new ConfigError(`${path} cannot be written: ${(cause as Error).message}`, { cause });
    }
  }
  await new Promise<void>((resolve) => process.stdout.write(text, () => resolve()));
}
