import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';

type Clean = (value: unknown) => unknown;
type Shape = {
  type?: string;
  properties?: Record<string, Shape>;
  additionalProperties?: unknown;
  patternProperties?: Record<string, unknown>;
  items?: Shape;
  anyOf?: Shape[];
};

/**
 * Makes a function that copies a value that fits a schema with the declared members only, at every depth. The schema is
 * walked once, here: walking it for each value costs more than the rest of a write.
 */
export function knownPartOf<Schema extends TSchema>(schema: Schema): (value: Static<Schema>) => Static<Schema> {
  return cleanerOf(schema as Shape) as (value: Static<Schema>) => Static<Schema>;
}

function cleanerOf(shape: Shape): Clean {
  if (shape.anyOf) return cleanerOfUnion(shape, shape.anyOf);
  if (shape.type === 'array' && shape.items) {
    const item = cleanerOf(shape.items);
    return (value) => (Array.isArray(value) ? value.map(item) : copy(value));
  }
  if (shape.type === 'object' && shape.properties && !isOpen(shape)) return cleanerOfObject(shape.properties);
  return copy;
}

/** Members of any name are declared, too, where a schema says so. */
function isOpen({ additionalProperties, patternProperties }: Shape): boolean {
  return patternProperties !== undefined || typeof additionalProperties === 'object';
}

function cleanerOfObject(properties: Record<string, Shape>): Clean {
  const members = Object.entries(properties).map(([name, shape]) => [name, cleanerOf(shape)] as const);
  return (value) => {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return copy(value);
    const known: Record<string, unknown> = {};
    for (const [name, clean] of members)
      if (Object.hasOwn(value, name)) known[name] = clean((value as Record<string, unknown>)[name]);
    return known;
  };
}

/** Of `Nullable` the one that is not null; which of several shapes a value has is for the library to find out. */
function cleanerOfUnion(shape: Shape, variants: readonly Shape[]): Clean {
  const compound = variants.filter(({ type, anyOf }) => type === 'object' || type === 'array' || anyOf !== undefined);
  if (compound.length === 0) return copy;
  if (compound.length > 1) return (value) => Value.Clean(shape as TSchema, structuredClone(value));
  const clean = cleanerOf(compound[0]!);
  return (value) => (value !== null && typeof value === 'object' ? clean(value) : value);
}

function copy(value: unknown): unknown {
  return value !== null && typeof value === 'object' ? structuredClone(value) : value;
}
