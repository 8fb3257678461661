/** As much of OpenAPI 3.1 as our own description uses. */
export type Description = { info: { version: string; description: string }; paths: Record<string, PathItem> };
type PathItem = Partial<Record<Method, OperationObject>>;
export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

export type OperationObject = {
  operationId: string;
  summary: string;
  description?: string;
  tags: string[];
  deprecated?: boolean;
  parameters?: Parameter[];
  requestBody?: Content;
  responses: Record<string, Content>;
  security?: Record<string, string[]>[];
};
export type Parameter = { name: string; in: 'path' | 'query' | 'header'; required?: boolean; schema: Schema };
type Content = { content?: Record<string, { schema: Schema }> };

export type Schema = {
  type?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  allOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  maximum?: number;
};

/** One route as the page shows it. */
export type Operation = OperationObject & { method: Method; path: string };

/** All routes by tag, in the order of their tags' names and of their paths. */
export function operationsByTag({ paths }: Description): [tag: string, operations: Operation[]][] {
  const by_tag = new Map<string, Operation[]>();
  for (const [path, item] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const tag = operation.tags[0] ?? '';
      by_tag.set(tag, [...(by_tag.get(tag) ?? []), { ...operation, method: method as Method, path }]);
    }
  }
  return [...by_tag].sort(([one], [other]) => one.localeCompare(other));
}

/** The scopes that a token must hold; undefined for a public route. */
export function scopesOf({ security }: Operation): string[] | undefined {
  return security?.[0]?.['token'];
}

/** Whether every word of the search stands somewhere in the route: path, summary, scopes, names of fields. */
export function matches(operation: Operation, search: string): boolean {
  const text = textOf(operation);
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

const known_texts = new WeakMap<Operation, string>();

function textOf(operation: Operation): string {
  const known = known_texts.get(operation);
  if (known !== undefined) return known;
  const { method, path, operationId, summary, description = '', tags, parameters = [], requestBody } = operation;
  const fields = [
    ...parameters.map((one) => one.name),
    ...namesOf(bodySchema(requestBody)),
    ...namesOf(answerOf(operation).schema),
  ];
  const text = [method, path, operationId, summary, description, ...tags, ...(scopesOf(operation) ?? []), ...fields]
    .join(' ')
    .toLowerCase();
  known_texts.set(operation, text);
  return text;
}

function namesOf(schema: Schema | undefined): string[] {
  if (!schema) return [];
  const inner = [...(schema.anyOf ?? []), ...(schema.allOf ?? []), ...(schema.items ? [schema.items] : [])];
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, one]) => [name, ...namesOf(one)]);
  return [...own, ...inner.flatMap(namesOf)];
}

/** Status and body of success. */
export function answerOf({ responses }: Operation): { status: string; schema: Schema | undefined } {
  const [status, response] = Object.entries(responses).find(([code]) => code.startsWith('2')) ?? ['200', {}];
  return { status, schema: bodySchema(response) };
}

/** The JSON body of a request or an answer. */
export function bodySchema(content: Content | undefined): Schema | undefined {
  return content?.content?.['application/json']?.schema;
}

/** A schema's type and bounds in a few words. */
export function typeOf(schema: Schema): string {
  const options = schema.anyOf;
  if (options) return options.map(typeOf).join(' | ');
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.type === 'array') return `array of ${schema.items ? typeOf(schema.items) : 'anything'}${boundsOf(schema)}`;
  if (isUuid(schema)) return 'uuid';
  return `${schema.format ?? schema.type ?? 'anything'}${boundsOf(schema)}`;
}

/** The pattern of a text; an identifier's says no more than its type. */
export function patternOf(schema: Schema): string | undefined {
  return isUuid(schema) ? undefined : schema.pattern;
}

function isUuid({ pattern }: Schema): boolean {
  return pattern?.startsWith('^[0-9a-f]{8}-[0-9a-f]{4}-') ?? false;
}

function boundsOf(schema: Schema): string {
  const least = schema.minLength ?? schema.minItems ?? schema.minimum;
  const most = schema.maxLength ?? schema.maxItems ?? schema.maximum;
  if (least === undefined && most === undefined) return '';
  return ` (${least ?? ''}…${most ?? ''})`;
}

/** The members of an object, of the items of a list, or of the one alternative that has some. */
export function membersOf(schema: Schema): [name: string, member: Schema, is_required: boolean][] {
  const { properties, required = [], items, anyOf = [], allOf = [] } = schema;
  if (properties) return Object.entries(properties).map(([name, one]) => [name, one, required.includes(name)]);
  return [...(items ? [items] : []), ...anyOf, ...allOf].flatMap(membersOf);
}
