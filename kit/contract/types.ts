import { type Static, type TObject, type TProperties, type TSchema, Type } from 'typebox';
import { Value } from 'typebox/value';

/** A public id: UUID, lower case. */
export const Uuid = Type.String({
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$',
});

/** `YYYY-MM-DD`, a day of the civil calendar. */
export const CivilDate = Type.String({ format: 'date' });

/** ISO 8601 in UTC with microseconds. */
export const Instant = Type.String();

/** The schema or null. */
export function Nullable<Schema extends TSchema>(schema: Schema) {
  return Type.Union([schema, Type.Null()]);
}

/** An object of the reference that lets unknown members pass; they are ignored and not stored as data. */
export function Open<Properties extends TProperties>(properties: Properties): TObject<Properties> {
  return Type.Object(properties, { additionalProperties: true });
}

/** `page` and `page_size` of a list. */
export const PageQuery = {
  page: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
  page_size: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
};

/** A copy that holds the declared members only, at every depth. */
export function knownPart<Schema extends TSchema>(schema: Schema, value: Static<Schema>): Static<Schema> {
  const closed = closeObjects(schema);
  return Value.Clean(closed, structuredClone(value)) as Static<Schema>;
}

const closed_schemas = new WeakMap<object, TSchema>();

function closeObjects(schema: TSchema): TSchema {
  const known = closed_schemas.get(schema);
  if (known) return known;
  const closed = close(schema) as TSchema;
  closed_schemas.set(schema, closed);
  return closed;
}

function close(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(close);
  if (schema === null || typeof schema !== 'object') return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, close(value)]));
  if (copy['type'] === 'object' && copy['additionalProperties'] === true) copy['additionalProperties'] = false;
  return copy;
}
