import { readFile } from 'node:fs/promises';
import { dateOrderOf, normaliseDate } from '../comparators/dates.ts';
import { ConfigError, type LinkageConfig } from '../config.ts';
import { createTableBuilder, DuplicateIdError, type RecordTable, type TableBuilder } from '../records/table.ts';
import {
  buildFields,
  fieldsInCommon,
  fieldValue,
  placeFields,
  type ResolvedField,
  resolveInput,
  type Sample,
} from '../resolve.ts';
import { InputError, readCsv, readSample } from './csv.ts';

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
    fields: options.fields ?? (await guessedInCommon(paths, options.config)),
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

/** Two files need not have the same columns; who names the fields says what they have in common. */
async function guessedInCommon(
  paths: readonly string[],
  config: LinkageConfig,
): Promise<readonly ResolvedField[] | undefined> {
  const [first, second] = paths;
  if (first === undefined || second === undefined || config.fields !== undefined) return undefined;
  const samples = [
    await readSample(first, config, SAMPLE_ROWS),
    await readSample(second, config, SAMPLE_ROWS),
  ] as const;
  const fields = inFile(first, () => fieldsInCommon(config, samples));
  if (fields.length > 0) return fields;
  throw new ConfigError(
    `${second} has no column that looks like one of ${first}; give them the same names, or name the fields in the configuration`,
  );
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
  const sample: Sample = { header, rows: rows.map(({ values }) => values) };
  const configured = configuredFor(path, sample, { config, source, known: state.fields });
  const resolved = inFile(path, () => resolveInput(configured, header, sample.rows));
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
  const columns = resolved.fields.map((field) => field.columns.map((column) => header.indexOf(column)));
  const readers = fields.map((field, index) => valueReader(field, columns[index]!, { sample, config }));
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
    const record = readers.map((read) => read(values));
    if (keepValues) state.valuesOf.set(`${source}:${id}`, record);
    builder.addValues({ id, source, truth: truthOf?.(values) }, record);
  };
}

/** The configuration with the fields that are settled already, under the names that this file has for them. */
function configuredFor(
  path: string,
  sample: Sample,
  { config, source, known }: { config: LinkageConfig; source: number; known: readonly ResolvedField[] | undefined },
): LinkageConfig {
  const id = source > 0 && config.id !== undefined && !sample.header.includes(config.id) ? undefined : config.id;
  if (known === undefined) return { ...config, id };
  const placed = placeFields(known, sample, [id, config.truth]);
  const fields = known.map((field, index) => ({
    ...field,
    columns: placed[index] ?? field.columns,
    swaps_with: field.swaps_with,
  }));
  const elsewhere = fields.flatMap(({ name, columns }, index) =>
    columns === known[index]!.columns ? [] : [`${name} from ${columns.join(', ')}`],
  );
  if (elsewhere.length > 0) process.stderr.write(`zdravo-linkage: ${path}: reads ${elsewhere.join('; ')}\n`);
  return { ...config, id, fields };
}

/** Reads a field from a record. Unless the configuration says one order of day and month, each file may have its own; the field's is that of the first. */
function valueReader(
  field: ResolvedField,
  columns: readonly number[],
  { sample, config }: { sample: Sample; config: LinkageConfig },
): (values: readonly string[]) => string {
  const read = (values: readonly string[]): string =>
    fieldValue(
      field,
      columns.map((column) => values[column] ?? ''),
    );
  const isSaid = config.fields?.some(({ name, date_order }) => name === field.name && date_order !== undefined);
  const order = field.type === 'date' && isSaid !== true ? dateOrderOf(sample.rows.map(read)) : undefined;
  if (order === undefined || order === field.date_order) return read;
  return (values) => {
    const written = read(values);
    return normaliseDate(written, order) ?? written;
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
