import { findTypeName, TYPE_NAMES, type TypeName, type TypeOptions } from './fields/types.ts';

/** A field as configured: the columns that it is read from, its type, and what is fixed by hand. */
export interface FieldConfig extends TypeOptions {
  name: string;
  /** Columns of the input; several are joined (year, month, day of a date with `-`, others with a space). */
  columns: readonly string[];
  /** Undefined: guessed from the header and the first rows. */
  type: TypeName | undefined;
  /** Factor on the field's learnt bits: 0 ignores the field, 1 is as learnt. */
  weight: number;
  /** Bits fixed by hand for some levels instead of learnt ones. */
  weights: Readonly<Record<string, number>>;
  swaps_with: string | undefined;
}

/** What the linker is told about an input; everything but the shape of the file may be left out. */
export interface LinkageConfig {
  /** Column with the record's id; undefined: a column that looks like one, or else the row's number. */
  id: string | undefined;
  /** Undefined: all columns that look like data. */
  fields: readonly FieldConfig[] | undefined;
  /** Each rule lists fields, or parts of fields as `field:part`, that must agree; undefined: chosen from the data. */
  blocking: readonly (readonly string[])[] | undefined;
  /** Probability from which two records count as one. */
  threshold: number;
  truth: string | undefined;
  /** Regular expression whose first group in the truth column names the cluster. */
  truth_pattern: string | undefined;
  household: 'auto' | 'on' | 'off';
  delimiter: string | undefined;
  encoding: string;
  most_pairs: number;
}

/** A configuration that cannot be followed; the message says where and what was expected. */
export class ConfigError extends Error {}

export const DEFAULT_THRESHOLD = 0.5;

const KNOWN_KEYS = new Set([
  'id',
  'id_column',
  'fields',
  'blocking',
  'threshold',
  'truth',
  'truth_column',
  'truth_pattern',
  'household',
  'delimiter',
  'encoding',
  'most_pairs',
  '$schema',
  'comment',
  'description',
  'name',
]);
const KNOWN_FIELD_KEYS = new Set([
  'name',
  'column',
  'columns',
  'type',
  'weight',
  'weights',
  'swaps_with',
  'equivalents',
  'date_order',
  'tolerance',
  'comment',
  'description',
]);

/** Reads a configuration from parsed JSON. Throws ConfigError. */
export function readConfig(json: unknown): LinkageConfig {
  const root = objectAt(json, 'the configuration');
  refuseUnknown(root, KNOWN_KEYS, 'the configuration');
  return {
    id: optionalText(root['id'] ?? root['id_column'], 'id'),
    fields: root['fields'] === undefined ? undefined : composedDates(readFields(root['fields'])),
    blocking: root['blocking'] === undefined || root['blocking'] === null ? undefined : readBlocking(root['blocking']),
    threshold: readThreshold(root['threshold']),
    truth: optionalText(root['truth'] ?? root['truth_column'], 'truth'),
    truth_pattern: optionalText(root['truth_pattern'], 'truth_pattern'),
    household: readHousehold(root['household']),
    delimiter: optionalText(root['delimiter'], 'delimiter'),
    encoding: optionalText(root['encoding'], 'encoding') ?? 'utf-8',
    most_pairs: optionalNumber(root['most_pairs'], 'most_pairs') ?? 60_000_000,
  };
}

/** A field that is only named: type and all else from the data. */
export function plainField(name: string, type: TypeName | undefined, columns: readonly string[] = [name]): FieldConfig {
  return { name, columns, type, weight: 1, weights: {}, swaps_with: undefined };
}

function readFields(json: unknown): FieldConfig[] {
  const entries: [string, unknown][] = Array.isArray(json)
    ? json.map((entry, index) => [`fields[${index}]`, entry])
    : Object.entries(objectAt(json, 'fields')).map(([name, entry]) => [name, namedEntry(name, entry)]);
  if (entries.length === 0)
    throw new ConfigError('fields is empty; name at least one, or leave it out to have them guessed');
  const fields = entries.map(([where, entry]) => readField(entry, where));
  const twice = fields.find((field, index) => fields.findIndex(({ name }) => name === field.name) !== index);
  if (twice !== undefined) throw new ConfigError(`the field ${JSON.stringify(twice.name)} is listed twice`);
  return fields;
}

function namedEntry(name: string, entry: unknown): unknown {
  return typeof entry === 'string' ? { name, type: entry } : { name, ...objectAt(entry, `fields.${name}`) };
}

function readField(json: unknown, where: string): FieldConfig {
  if (typeof json === 'string') return plainField(json, undefined);
  const entry = objectAt(json, where);
  refuseUnknown(entry, KNOWN_FIELD_KEYS, where);
  const columns = readColumns(entry, where);
  const name = optionalText(entry['name'], `${where}.name`) ?? columns?.join('_');
  if (name === undefined) throw new ConfigError(`${where} needs a name or a column`);
  const written = optionalText(entry['type'], `${where}.type`);
  return {
    ...plainField(name, written === undefined ? undefined : typeAt(written, where), columns ?? [name]),
    weight: optionalNumber(entry['weight'], `${where}.weight`) ?? 1,
    weights: readWeights(entry['weights'], where),
    swaps_with: optionalText(entry['swaps_with'], `${where}.swaps_with`),
    ...typeOptions(entry, where),
    ...(isPartOfDate(written) ? { datePart: written } : {}),
  };
}

function readColumns(entry: Record<string, unknown>, where: string): string[] | undefined {
  const several = entry['columns'];
  if (Array.isArray(several)) return several.map((column) => textAt(column, `${where}.columns`));
  const one = optionalText(entry['column'] ?? several, `${where}.column`);
  return one === undefined ? undefined : [one];
}

function typeAt(written: string, where: string): TypeName {
  const type = findTypeName(written);
  if (type === undefined)
    throw new ConfigError(`${where} has the type ${JSON.stringify(written)}; expected one of ${TYPE_NAMES.join(', ')}`);
  return type;
}

function typeOptions(entry: Record<string, unknown>, where: string): TypeOptions {
  const options: TypeOptions = {};
  const order = optionalText(entry['date_order'], `${where}.date_order`);
  if (order !== undefined) {
    if (order !== 'dmy' && order !== 'mdy')
      throw new ConfigError(`${where}.date_order is ${JSON.stringify(order)}; expected "dmy" or "mdy"`);
    options.date_order = order;
  }
  const tolerance = optionalNumber(entry['tolerance'], `${where}.tolerance`);
  if (tolerance !== undefined) options.tolerance = tolerance;
  if (entry['equivalents'] !== undefined) options.equivalents = groupsAt(entry['equivalents'], `${where}.equivalents`);
  return options;
}

/** One year, one month and one day listed as fields of their own are one date: apart they would count the same error three times. */
function composedDates(fields: readonly FieldConfig[]): FieldConfig[] {
  const parts = ['year', 'month', 'day'].map((part) =>
    fields.filter((field) => (field as { datePart?: string }).datePart === part),
  );
  const plain = fields.map((field) => {
    const { datePart: _, ...rest } = field as FieldConfig & { datePart?: string };
    return rest;
  });
  if (parts.some((found) => found.length !== 1)) return plain;
  const names = parts.map((found) => found[0]!.name);
  const columns = parts.flatMap((found) => found[0]!.columns);
  return [...plain.filter((field) => !names.includes(field.name)), plainField(names.join('_'), 'date', columns)];
}

function isPartOfDate(written: string | undefined): written is string {
  return written === 'year' || written === 'month' || written === 'day';
}

function readWeights(json: unknown, where: string): Record<string, number> {
  if (json === undefined || json === null) return {};
  const weights: Record<string, number> = {};
  for (const [level, bits] of Object.entries(objectAt(json, `${where}.weights`)))
    weights[level] = numberAt(bits, `${where}.weights.${level}`);
  return weights;
}

function readBlocking(json: unknown): string[][] {
  if (!Array.isArray(json)) throw new ConfigError('blocking must be an array of rules, each an array of field names');
  return json.map((rule, index) =>
    typeof rule === 'string'
      ? [rule]
      : groupsAt(
          [Array.isArray(rule) ? rule : objectAt(rule, `blocking[${index}]`)['fields']],
          `blocking[${index}]`,
        )[0]!,
  );
}

function readThreshold(json: unknown): number {
  const threshold = optionalNumber(json, 'threshold') ?? DEFAULT_THRESHOLD;
  if (threshold <= 0 || threshold >= 1)
    throw new ConfigError(`threshold is ${threshold}; expected a probability between 0 and 1`);
  return threshold;
}

function readHousehold(json: unknown): LinkageConfig['household'] {
  if (json === undefined || json === null || json === 'auto') return 'auto';
  if (json === true || json === 'on') return 'on';
  if (json === false || json === 'off') return 'off';
  throw new ConfigError(`household is ${JSON.stringify(json)}; expected "auto", "on" or "off"`);
}

function groupsAt(json: unknown, where: string): string[][] {
  if (!Array.isArray(json)) throw new ConfigError(`${where} must be an array of arrays of texts`);
  return json.map((group) => {
    if (!Array.isArray(group)) throw new ConfigError(`${where} must be an array of arrays of texts`);
    return group.map((text) => textAt(text, where));
  });
}

function objectAt(json: unknown, where: string): Record<string, unknown> {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  throw new ConfigError(`${where} must be an object, found ${Array.isArray(json) ? 'an array' : JSON.stringify(json)}`);
}

function textAt(json: unknown, where: string): string {
  if (typeof json === 'string' && json !== '') return json;
  throw new ConfigError(`${where} must be a text, found ${JSON.stringify(json)}`);
}

function optionalText(json: unknown, where: string): string | undefined {
  return json === undefined || json === null ? undefined : textAt(json, where);
}

function numberAt(json: unknown, where: string): number {
  if (typeof json === 'number' && Number.isFinite(json)) return json;
  throw new ConfigError(`${where} must be a number, found ${JSON.stringify(json)}`);
}

function optionalNumber(json: unknown, where: string): number | undefined {
  return json === undefined || json === null ? undefined : numberAt(json, where);
}

function refuseUnknown(object: Record<string, unknown>, known: ReadonlySet<string>, where: string): void {
  const unknown = Object.keys(object).find((key) => !known.has(key));
  if (unknown !== undefined)
    throw new ConfigError(
      `${where} has the unknown key ${JSON.stringify(unknown)}; known are ${[...known].slice(0, 12).join(', ')}`,
    );
}
