import { parseArgs } from 'node:util';

/** Wrong use of the command line; the message says how to use it. */
export class UsageError extends Error {}

/** Somebody asked how to use it. */
export class HelpRequest extends Error {}

export const COMMANDS = ['dedupe', 'link', 'evaluate', 'train', 'explain'] as const;
export type Command = (typeof COMMANDS)[number];

export interface Arguments {
  command: Command;
  inputs: string[];
  config: string | undefined;
  truth: string | undefined;
  truthPattern: string | undefined;
  model: string | undefined;
  output: string | undefined;
  pair: string | undefined;
  threshold: number | undefined;
  json: boolean;
  quiet: boolean;
}

export const USAGE = `zdravo-linkage dedupe|link|evaluate|train|explain --input A.csv [--input B.csv] [--config C.json] [options]

  dedupe    find records of one input that are one entity; writes id,cluster as CSV
  link      find records of two inputs that are one entity; writes left_id,right_id,probability as CSV
  evaluate  the same as dedupe (one input) or link (two), measured against --truth; writes figures only
  train     learn a model from the input and write it to --model
  explain   say in bits per field why two records are one or not: --pair ID,ID, or the closest decisions

  --config FILE          id column, fields with types, blocking, threshold; all optional (see README.md)
  --truth COLUMN         column that names the true entity; adds precision, recall, F1 and B³
  --truth-pattern REGEXP its first group in the truth column is the entity
  --model FILE           use this trained model instead of learning from the input (train: write it here)
  --threshold P          probability from which two records are one (default 0.5)
  --output FILE          write the result there instead of to standard output
  --json                 print one JSON object with figures, time and memory
  --quiet                no progress on standard error`;

/** Reads the command line. Throws UsageError. */
export function readArguments(argv: readonly string[]): Arguments {
  const { values, positionals } = parsed(argv);
  if (values.help === true) throw new HelpRequest(USAGE);
  const command = COMMANDS.find((name) => name === positionals[0]);
  if (command === undefined || positionals.length > 1) {
    throw new UsageError(
      `expected one of ${COMMANDS.join(', ')}, found ${positionals.join(' ') || 'nothing'}\n\n${USAGE}`,
    );
  }
  const inputs = values.input ?? [];
  const most = command === 'dedupe' ? 1 : 2;
  if (inputs.length < (command === 'link' ? 2 : 1) || inputs.length > most) {
    throw new UsageError(
      `${command} takes ${command === 'link' ? 'two inputs' : most === 1 ? 'one input' : 'one or two inputs'}, found ${inputs.length} --input`,
    );
  }
  if (command === 'evaluate' && values.truth === undefined && values.config === undefined)
    throw new UsageError('evaluate needs --truth COLUMN');
  if (command === 'train' && values.model === undefined && values.output === undefined && values.json !== true)
    throw new UsageError('train needs --model FILE to write to');
  return {
    command,
    inputs,
    config: values.config,
    truth: values.truth,
    truthPattern: values['truth-pattern'],
    model: values.model,
    output: values.output,
    pair: values.pair,
    threshold: values.threshold === undefined ? undefined : probability(values.threshold),
    json: values.json === true,
    quiet: values.quiet === true,
  };
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        input: { type: 'string', multiple: true, short: 'i' },
        config: { type: 'string', short: 'c' },
        truth: { type: 'string' },
        'truth-pattern': { type: 'string' },
        model: { type: 'string', short: 'm' },
        output: { type: 'string', short: 'o' },
        pair: { type: 'string' },
        threshold: { type: 'string' },
        json: { type: 'boolean' },
        quiet: { type: 'boolean', short: 'q' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (cause) {
    throw new UsageError(`${(cause as Error).message}\n\n${USAGE}`, { cause });
  }
}

function probability(text: string): number {
  const number = Number(text);
  if (number > 0 && number < 1) return number;
  throw new UsageError(`--threshold is ${JSON.stringify(text)}; expected a probability between 0 and 1`);
}
