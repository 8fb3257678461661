import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import formatsPlugin from 'ajv-formats';
import type { FastifySchemaCompiler } from 'fastify';
import { IsOptional, type TSchema } from 'typebox';
import { type Invalid, Problem, validationFailed } from '../problem/index.ts';

const addFormats = formatsPlugin as unknown as (ajv: Ajv) => void;
const common = { allErrors: true, strict: false, removeAdditional: false, useDefaults: false } as const;
/** Bodies are never coerced: a signed document is accepted or refused as it was signed. */
const exact = new Ajv({ ...common, coerceTypes: false });
/** Query strings are text, so numbers and booleans in them are read. */
const textual = new Ajv({ ...common, coerceTypes: 'array' });
addFormats(exact);
addFormats(textual);

/** Fastify's compiler: errors leave as a `Problem` with the reference's `$.` paths and rule names. */
export const validatorCompiler: FastifySchemaCompiler<object> = ({ schema, httpPart }) => {
  const validate = httpPart === 'body' ? exact.compile(schema) : textual.compile(schema);
  const accepted = httpPart === 'querystring' ? declaredOnly(schema) : (value: unknown) => value;
  // An empty JSON body means none; where none may be sent, its members are simply not there.
  const may_be_absent = httpPart === 'body' && IsOptional(schema as TSchema);
  return (given: unknown) => {
    const value = may_be_absent ? (given ?? {}) : given;
    if (validate(value)) return { value: accepted(value) };
    return { error: refusal(validate, httpPart ?? 'body') };
  };
};

/** Clients add parameters of their own to addresses; what a route does not know never reaches its handler. */
function declaredOnly(schema: object): (query: unknown) => unknown {
  const { properties = {} } = schema as { properties?: object };
  return (query) =>
    Object.fromEntries(Object.entries(query as object).filter(([name]) => Object.hasOwn(properties, name)));
}

function refusal(validate: ValidateFunction, part: string): Problem {
  if (part === 'params') return new Problem({ status: 404, code: 'not_found', message: 'not_found' });
  return validationFailed(
    describeErrors(validate.errors ?? [], part === 'querystring' ? 'query_parameter' : 'json_data_property'),
  );
}

/** Checks a value (for example the content of a signed container) against a schema, as a body would be. */
export function checkValue(schema: object, value: unknown): Invalid[] {
  let validate = compiled.get(schema);
  if (!validate) {
    validate = exact.compile(schema);
    compiled.set(schema, validate);
  }
  return validate(value) ? [] : describeErrors(validate.errors ?? [], 'json_data_property');
}

const compiled = new WeakMap<object, ValidateFunction>();

/** Whoever sends a body of nothing but mistakes learns of the first ones: the answer does not outgrow the question. */
const most_errors = 200;

function describeErrors(errors: ErrorObject[], entry_type: Invalid['entry_type']): Invalid[] {
  const by_entry = new Map<string, Invalid>();
  for (const error of errors.filter(isLeaf).slice(0, most_errors)) {
    const entry = entryOf(error);
    const invalid = by_entry.get(entry) ?? { entry, entry_type, rules: [] };
    invalid.rules.push(ruleOf(error));
    by_entry.set(entry, invalid);
  }
  return [...by_entry.values()];
}

/** `anyOf` reports its branches as well as itself; the branches say more. */
function isLeaf(error: ErrorObject): boolean {
  return error.keyword !== 'anyOf' && error.keyword !== 'if';
}

function entryOf(error: ErrorObject): string {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
    .join('');
  if (error.keyword === 'required') return `$${path}.${error.params['missingProperty']}`;
  if (error.keyword === 'additionalProperties') return `$${path}.${safeName(error.params['additionalProperty'])}`;
  return `$${path}`;
}

/** A member's name is the sender's text: it is cut and cleaned before it is quoted. */
function safeName(name: string): string {
  return name.replace(/[^\w-]/g, '?').slice(0, 64);
}

type Rule = Invalid['rules'][number];

function ruleOf({ keyword, params, message }: ErrorObject): Rule {
  switch (keyword) {
    case 'required':
      return {
        rule: 'required',
        params: [],
        description: `required property ${params['missingProperty']} was not present`,
      };
    case 'additionalProperties':
      return { rule: 'schema', params: [], description: 'schema does not allow additional properties' };
    case 'type':
      return {
        rule: 'cast',
        params: [params['type']].flat(),
        description: `type mismatch. Expected ${params['type']}`,
      };
    case 'pattern':
      return {
        rule: 'format',
        params: [params['pattern']],
        description: `string does not match pattern "${params['pattern']}"`,
      };
    case 'format':
      return { rule: 'format', params: [params['format']], description: `expected "${params['format']}" format` };
    case 'enum':
      return { rule: 'inclusion', params: params['allowedValues'], description: 'value is not allowed in enum' };
    case 'const':
      return { rule: 'inclusion', params: [params['allowedValue']], description: 'value is not allowed in enum' };
    case 'minLength':
    case 'maxLength':
    case 'minItems':
    case 'maxItems':
      return { rule: 'length', params: [params['limit']], description: message ?? 'wrong length' };
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return { rule: 'number', params: [params['limit']], description: message ?? 'out of range' };
    default:
      return { rule: keyword, params: [], description: message ?? 'is invalid' };
  }
}
