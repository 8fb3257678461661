import type { Static, TObject } from 'typebox';
import { Value } from 'typebox/value';

/** What whoever runs a program can mend: the message says what is wrong and what to do, and no stack trace helps. */
export class OperatorError extends Error {
  override name = 'OperatorError';
}

/** The settings of a process are wrong; the message names every one of them, for the operator. */
export class ConfigError extends OperatorError {
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

/**
 * A setting that nobody reads is a slip: one with the platform's prefix that is not known, or another that is a letter away from
 * one that is. @throws ConfigError that names each, with what was meant.
 */
export function refuseMisspelt(
  environment: Record<string, string | undefined>,
  { known, prefix }: { known: ReadonlySet<string>; prefix: string },
): void {
  const problems: string[] = [];
  for (const name of Object.keys(environment)) {
    if (known.has(name)) continue;
    const meant = [...known].find((one) => isOneSlipAway(name, one));
    if (meant !== undefined) problems.push(`${name} is no setting; is ${meant} meant?`);
    else if (name.startsWith(prefix)) problems.push(`${name} is no setting`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
}

/** A letter too many, one too few, another one, or two neighbours that changed places. */
function isOneSlipAway(name: string, meant: string): boolean {
  let at = 0;
  while (at < name.length && name[at] === meant[at]) at++;
  const [rest, meant_rest] = [name.slice(at), meant.slice(at)];
  const swapped = `${rest[1]}${rest[0]}${rest.slice(2)}`;
  return (
    rest.slice(1) === meant_rest ||
    rest === meant_rest.slice(1) ||
    rest.slice(1) === meant_rest.slice(1) ||
    (rest.length > 1 && swapped === meant_rest)
  );
}
