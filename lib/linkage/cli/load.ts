import { readFile } from 'node:fs/promises';
import { ConfigError, type LinkageConfig } from '../config.ts';
import { createTableBuilder, DuplicateIdError, type RecordTable, type TableBuilder } from '../records/table.ts';
import { buildFields, fieldValue, type ResolvedField, resolveInput } from '../resolve.ts';
import { InputError, readCsv } from './csv.ts';

/** Rows read before types are guessed. */
const SAMPLE_ROWS = 2000;

export interface LoadedInput {
  table: RecordTable;
  fields: readonly ResolvedField[];
  /** Values of the record with an id, for explanations; only kept when asked for. */
  valuesOf: Map<string, readonly string[]>;
}

export interface LoadOptions {
  config: LinkageConfig;
  /** Fields of a trained model, instead of configured or guessed ones. */
  fields: readonly ResolvedField[] | undefined;
  keepValues: boolean;
  progress: (step: string) => void;
}

/** Reads one or two CSV files into a table. Throws InputError or ConfigError. */
export async function loadInputs(paths: readonly string[], options: LoadOptions): Promise<LoadedInput> {
  const state: LoadState = {
    builder: undefined,
    fields: options.fields,
    lines: paths.map(() => new Map()),
    valuesOf: new Map(),
    records: 0,
  };
  for (const [source, path] of paths.entries()) await loadOne(path, source, { ...options, state });
  if (state.builder === undefined || state.fields === undefined || state.records < 2)
    throw new InputError(`${paths.join(', ')}: fewer than two records`);
  try {
    return { table: state.builder.build(), fields: state.fields, valuesOf: state.valuesOf };
  } catch (error) {
    if (!(error instanceof DuplicateIdError)) throw error;
    throw new InputError(`${paths.join(', ')}: ${error.message}`, { cause: error });
  }
}

interface LoadState {
  builder: TableBuilder | undefined;
  fields: readonly ResolvedField[] | undefined;
  lines: Map<string, number>[];
  valuesOf: Map<string, readonly string[]>;
  records: number;
}

type Row = { values: readonly string[]; line: number };

async function loadOne(
  path: string,
  source: number,
  { config, keepValues, progress, state }: LoadOptions & { state: LoadState },
): Promise<void> {
  let header: readonly string[] = [];
  let waiting: Row[] | undefined = [];
  let add: ((row: Row) => void) | undefined;
  const open = (): void => {
    const rows = waiting ?? [];
    waiting = undefined;
    add = openRows({ path, source, header, rows, config, keepValues, state });
    for (const row of rows) add(row);
  };
  await readCsv(path, config, {
    header: (names) => {
      header = names;
    },
    row: (values, line) => {
      if (waiting !== undefined) {
        waiting.push({ values: [...values], line });
        if (waiting.length === SAMPLE_ROWS) open();
      } else add!({ values, line });
    },
    progress: (bytes) => progress(`reading ${path}: ${(bytes / 1e6).toFixed(0)} MB, ${state.records} records`),
  });
  if (header.length === 0) throw new InputError(`${path} is empty; expected a header line`);
  if (waiting?.length === 0) throw new InputError(`${path} has a header and no records`);
  if (waiting !== undefined) open();
}

interface Opening {
  path: string;
  source: number;
  header: readonly string[];
  rows: readonly Row[];
  config: LinkageConfig;
  keepValues: boolean;
  state: LoadState;
}

function openRows({ path, source, header, rows, config, keepValues, state }: Opening): (row: Row) => void {
  const known = state.fields;
  const configured =
    known === undefined
      ? config
      : { ...config, fields: known.map((field) => ({ ...field, swaps_with: field.swaps_with })) };
  const resolved = inFile(path, () =>
    resolveInput(
      configured,
      header,
      rows.map(({ values }) => values),
    ),
  );
  if (resolved.repeating_id !== undefined)
    process.stderr.write(
      `zdravo-linkage: ${path}: the column ${JSON.stringify(resolved.repeating_id)} repeats or has gaps, so records are numbered by their rows; name the id in the configuration\n`,
    );
  state.fields ??= resolved.fields;
  const fields = state.fields;
  state.builder ??= inFile(path, () => createTableBuilder(buildFields(fields), 'values'));
  const builder = state.builder;
  const idColumn = resolved.id === undefined ? -1 : header.indexOf(resolved.id);
  const truthOf = truthReader(config, header, rows);
  const columns = fields.map((field) => field.columns.map((column) => header.indexOf(column)));
  return ({ values, line }) => {
    const id = idColumn < 0 ? String(++state.records) : values[idColumn]!;
    if (idColumn >= 0) state.records++;
    if (id === '') throw new InputError(`${path}, line ${line}, column ${idColumn + 1}: the id is empty`);
    const before = state.lines[source]!.get(id);
    if (before !== undefined)
      throw new InputError(
        `${path}, line ${line}, column ${idColumn + 1}: the id ${JSON.stringify(id)} was already used in line ${before}`,
      );
    state.lines[source]!.set(id, line);
    const record = fields.map((field, index) =>
      fieldValue(
        field,
        columns[index]!.map((column) => values[column] ?? ''),
      ),
    );
    if (keepValues) state.valuesOf.set(`${source}:${id}`, record);
    builder.addValues({ id, source, truth: truthOf?.(values) }, record);
  };
}

function inFile<Answer>(path: string, act: () => Answer): Answer {
  try {
    return act();
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(`${path}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** FEBRL's own way to write the truth into ids: rec-12-org and rec-12-dup-0 are one entity. */
const FEBRL_ID = '^(rec-\\d+)-(?:org|dup)';

function truthReader(
  config: LinkageConfig,
  header: readonly string[],
  rows: readonly Row[],
): ((values: readonly string[]) => string) | undefined {
  if (config.truth === undefined) return undefined;
  const column = header.indexOf(config.truth);
  if (column < 0)
    throw new ConfigError(
      `there is no truth column ${JSON.stringify(config.truth)}; the header is ${header.join(', ')}`,
    );
  const isFebrl = rows.length > 0 && rows.every(({ values }) => new RegExp(FEBRL_ID).test(values[column]!));
  const pattern = compiled(config.truth_pattern ?? (isFebrl ? FEBRL_ID : undefined));
  return (values) =>
    pattern === undefined ? values[column]! : (pattern.exec(values[column]!)?.[1] ?? values[column]!);
}

function compiled(pattern: string | undefined): RegExp | undefined {
  try {
    return pattern === undefined ? undefined : new RegExp(pattern);
  } catch (cause) {
    throw new ConfigError(`the truth pattern is no regular expression: ${(cause as Error).message}`, { cause });
  }
}

/** Parsed JSON of a file. Throws ConfigError naming the file. */
export async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new ConfigError(`${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  try {
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (cause) {
    throw new ConfigError(`${path} is no JSON: ${(cause as Error).message}`, { cause });
  }
}
