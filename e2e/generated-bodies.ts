import fc from 'fast-check';

// Bodies out of a route's JSON schema: nearly right, so that they come further than the first check.

type Schema = {
  type?: string | string[];
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  allOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  pattern?: string;
  format?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  maxItems?: number;
};

/** Stands in texts of generated bodies; a log in which it is found wrote a part of a body. */
export const marker = 'Недляжурналенко';

/** What a hostile or careless client puts where something else belongs. */
export const nonsense: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 1e308, '', ' ', [], {}, [null], [[]], { a: { b: [] } }),
  fc.constantFrom('\u0000', '\ud800', '../../etc/passwd', '%00', '{{7*7}}', '__proto__', '\u202e', '9'.repeat(40)),
  fc.constantFrom(
    `<script>alert("${marker}")</script>`,
    `'; drop table il.${marker}; --`,
    `${marker}' or '1'='1`,
    marker.repeat(400),
    '2999-13-45',
    '0000-00-00',
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Values that fit the schema for the most part: each place is sometimes left out, sometimes nonsense. */
export function bodyOf(schema: unknown): fc.Arbitrary<unknown> {
  return nearly(schema as Schema, 0);
}

function nearly(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 12, arbitrary: fitting(schema, depth) }, { weight: 1, arbitrary: nonsense });
}

function fitting(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((one) => fitting(one, depth)));
  if (schema.allOf)
    return fc.tuple(...schema.allOf.map((one) => fitting(one, depth))).map((all) => Object.assign({}, ...all));
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case 'object':
      return objectOf(schema, depth);
    case 'array':
      return fc.array(nearly(schema.items ?? {}, depth + 1), { maxLength: Math.min(schema.maxItems ?? 3, 3) });
    case 'string':
      return textOf(schema);
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -1_000, max: schema.maximum ?? 1_000_000 });
    case 'number':
      return fc.double({ min: schema.minimum ?? -1e6, max: schema.maximum ?? 1e6, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return nonsense;
  }
}

function objectOf({ properties, patternProperties }: Schema, depth: number): fc.Arbitrary<unknown> {
  if (!properties) {
    const value = Object.values(patternProperties ?? {})[0];
    const members = value ? nearly(value, depth + 1) : nonsense;
    return fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), members, { maxKeys: 3 });
  }
  const members = Object.entries(properties).map(([name, one]) =>
    fc
      .option(nearly(one, depth + 1), { freq: 12, nil: undefined })
      .map((value) => (value === undefined ? {} : { [name]: value })),
  );
  const strange = fc.oneof(
    { weight: 12, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: fc.constant({ [`not_known_${marker}`]: marker }) },
  );
  return fc.tuple(...members, strange).map((all) => Object.assign({}, ...all));
}

function textOf({ pattern, format, minLength = 0, maxLength = 60 }: Schema): fc.Arbitrary<string> {
  if (format === 'uuid') return fc.uuid({ version: 4 });
  if (format === 'date') return fc.constantFrom('1980-01-31', '2030-02-28', '1899-12-31', '2024-02-30');
  if (format === 'email')
    return fc.constant(`${encodeURIComponent(marker).slice(0, 20).replaceAll('%', 'x')}@clinic.example`);
  if (pattern !== undefined) return matching(pattern);
  const longest = Math.min(maxLength, 60);
  const text = fc.string({ unit: 'grapheme', minLength: Math.min(minLength, longest), maxLength: longest });
  return fc.oneof({ weight: 3, arbitrary: fc.constant(marker.slice(0, maxLength)) }, { weight: 1, arbitrary: text });
}

function matching(pattern: string): fc.Arbitrary<string> {
  try {
    return fc.stringMatching(new RegExp(pattern, 'u'));
  } catch {
    // Look-arounds are not supported; a text that does not match is a near miss as well.
    return fc.constant(marker);
  }
}
