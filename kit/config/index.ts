import type { Static, TObject } from 'typebox';
import { Value } from 'typebox/value';

/** The settings of a process are wrong; the message names every one of them, for the operator. */
export class ConfigError extends Error {
  readonly problems: string[];

  constructor(problems: string[]) {
    super(`Settings are not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/**
 * Reads and checks environment variables at start. Numbers and booleans are converted, defaults of the schema are
 * filled in, and every problem is reported at once. Values never appear in the message: they may be secrets.
 */
export function readConfig<Schema extends TObject>(
  schema: Schema,
  environment: Record<string, string | undefined>,
): Static<Schema> {
  const known = Object.fromEntries(
    Object.keys(schema.properties)
      .filter((name) => environment[name] !== undefined && environment[name] !== '')
      .map((name) => [name, environment[name]]),
  );
  const converted = Value.Convert(schema, Value.Default(schema, known));
  if (Value.Check(schema, converted)) return converted as Static<Schema>;
  throw new ConfigError(explain(schema, known, converted));
}

function explain(schema: TObject, given: Record<string, unknown>, converted: unknown): string[] {
  const required: readonly string[] = schema.required ?? [];
  const defaults = converted as Record<string, unknown>;
  const missing = required.filter((name) => defaults[name] === undefined).map((name) => `${name} is required`);
  const wrong = Object.entries(schema.properties)
    .filter(([name, property]) => given[name] !== undefined && !Value.Check(property, defaults[name]))
    .map(([name, property]) => `${name} must be ${describe(property as Record<string, unknown>)}`);
  return [...missing, ...wrong];
}

function describe(property: Record<string, unknown>): string {
  if (typeof property['description'] === 'string') return property['description'];
  if (Array.isArray(property['enum'])) return `one of ${property['enum'].join(', ')}`;
  return String(property['type'] ?? 'valid');
}
