import { dateOrderOf } from './comparators/dates.ts';
import { ConfigError, type FieldConfig, type LinkageConfig } from './config.ts';
import type { FieldType } from './fields/field-type.ts';
import { fieldType, type TypeName, type TypeOptions } from './fields/types.ts';
import { findRepeatingId, guessFields, guessId, guessType, profileColumns } from './guess.ts';
import { levelNames } from './records/patterns.ts';
import type { Field } from './records/table.ts';

/** A field with everything decided: enough to build it again from a model file. */
export interface ResolvedField extends TypeOptions {
  name: string;
  columns: readonly string[];
  type: TypeName;
  weight: number;
  weights: Readonly<Record<string, number>>;
  swaps_with?: string;
}

/** What is read from which column, decided from configuration, header and first rows. */
export interface ResolvedInput {
  id: string | undefined;
  /** A column that looked like the id but repeats: records are numbered by their rows then. */
  repeating_id: string | undefined;
  fields: readonly ResolvedField[];
}

/** Settles id, fields and types for an input. Throws ConfigError naming a column that the header lacks. */
export function resolveInput(
  config: LinkageConfig,
  header: readonly string[],
  rows: readonly (readonly string[])[],
): ResolvedInput {
  const profiles = profileColumns(header, rows);
  const id = config.id ?? guessId(profiles.filter(({ name }) => name !== config.truth));
  const fields = config.fields ?? guessFields(profiles, [id, config.truth]);
  if (fields.length === 0)
    throw new ConfigError('no column looks like data to compare; name the fields in the configuration');
  for (const column of [config.id, config.truth, ...fields.flatMap(({ columns }) => columns)]) {
    if (column !== undefined && !header.includes(column)) {
      throw new ConfigError(`the input has no column ${JSON.stringify(column)}; its header is ${header.join(', ')}`);
    }
  }
  const typed = fields.map((field) => ({
    ...field,
    type: field.type ?? guessType(profiles.find(({ name }) => name === field.columns[0])!),
  }));
  const repeating_id =
    id === undefined ? findRepeatingId(profiles.filter(({ name }) => name !== config.truth)) : undefined;
  return { id, repeating_id, fields: typed.map((field) => settled(field, typed, { header, rows })) };
}

type TypedField = FieldConfig & { type: TypeName };

function settled(
  { swaps_with, ...field }: TypedField,
  all: readonly TypedField[],
  { header, rows }: { header: readonly string[]; rows: readonly (readonly string[])[] },
): ResolvedField {
  const partner = swaps_with ?? guessSwapPartner(field, all);
  const column = header.indexOf(field.columns[0]!);
  const order =
    field.type === 'date'
      ? { date_order: field.date_order ?? dateOrderOf(rows.map((row) => row[column] ?? '')) ?? 'dmy' }
      : {};
  return { ...field, ...order, ...(partner === undefined ? {} : { swaps_with: partner }) };
}

/** A file's header and its first rows. */
export interface Sample {
  header: readonly string[];
  rows: readonly (readonly string[])[];
}

/**
 * The columns in which another file holds fields: those of the same name or, of a field that is not there by name, the only column of its type that is not
 * taken. Undefined for a field that the file does not have.
 */
export function placeFields(
  fields: readonly ResolvedField[],
  { header, rows }: Sample,
  except: readonly (string | undefined)[],
): (readonly string[] | undefined)[] {
  const lacking = fields.filter(({ columns }) => !columns.every((column) => header.includes(column)));
  const taken = fields.flatMap(({ columns }) => columns);
  const free = lacking.length === 0 ? [] : guessFields(profileColumns(header, rows), [...except, ...taken]);
  return fields.map((field) => {
    if (!lacking.includes(field)) return field.columns;
    const isOnly = lacking.filter(({ type }) => type === field.type).length === 1;
    const alike = free.filter(({ type }) => type === field.type);
    return isOnly && alike.length === 1 ? alike[0]!.columns : undefined;
  });
}

/** What two files can be compared by, when nobody says: what the first looks like, as far as the second has it. */
export function fieldsInCommon(config: LinkageConfig, [first, second]: readonly [Sample, Sample]): ResolvedField[] {
  const { fields } = resolveInput(config, first.header, first.rows);
  const placed = placeFields(fields, second, [idOf(config, second), config.truth]);
  const common = fields.filter((_, index) => placed[index] !== undefined);
  return common.map(({ swaps_with, ...field }) =>
    common.some(({ name }) => name === swaps_with) ? { ...field, swaps_with: swaps_with! } : field,
  );
}

function idOf({ id, truth }: LinkageConfig, { header, rows }: Sample): string | undefined {
  return id ?? guessId(profileColumns(header, rows).filter(({ name }) => name !== truth));
}

/** First and last name are sometimes written into each other's column. */
function guessSwapPartner(field: { name: string; type: TypeName }, all: readonly TypedField[]): string | undefined {
  if (field.type !== 'given_name') return undefined;
  const isFirst = all.find(({ type }) => type === 'given_name')?.name === field.name;
  return isFirst ? all.find(({ type }) => type === 'surname')?.name : undefined;
}

/** Fields ready to compare. Throws ConfigError for an unknown swap partner or level. */
export function buildFields(resolved: readonly ResolvedField[]): Field[] {
  return resolved.map((entry) => {
    const type: FieldType = fieldType(entry.type, entry);
    const field: Field = { name: entry.name, type, weight: entry.weight, weights: entry.weights };
    if (entry.swaps_with !== undefined) field.swaps_with = partnerOf(entry, resolved);
    const levels = levelNames(field);
    const unknown = Object.keys(entry.weights).find((level) => !levels.includes(level));
    if (unknown !== undefined) {
      throw new ConfigError(
        `the field ${entry.name} has no level ${JSON.stringify(unknown)}; its levels are ${levels.join(', ')}`,
      );
    }
    return field;
  });
}

function partnerOf({ name, swaps_with }: ResolvedField, resolved: readonly ResolvedField[]): number {
  const partner = resolved.findIndex((other) => other.name === swaps_with);
  if (partner < 0 || swaps_with === name)
    throw new ConfigError(`the field ${name} swaps with ${JSON.stringify(swaps_with)}, which is no other field`);
  return partner;
}

/** A record's value of a field from its columns: parts of a date joined with `-`, others with a space; absent if a part of a date is. */
export function fieldValue(field: ResolvedField, parts: readonly string[]): string {
  if (parts.length === 1) return parts[0]!;
  if (field.type === 'date') return parts.every((part) => part !== '') ? parts.join('-') : '';
  return parts.filter((part) => part !== '').join(' ');
}
