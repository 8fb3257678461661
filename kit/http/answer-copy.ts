import { type Copy, copyOfAny, copyOfNumber, isPlainObject } from './json-copy.ts';
import { checkValue } from './validation.ts';

type Shape = {
  type?: string;
  properties?: Record<string, Shape>;
  required?: readonly string[];
  additionalProperties?: unknown;
  patternProperties?: Record<string, Shape>;
  items?: Shape;
  anyOf?: readonly Shape[];
  enum?: readonly unknown[];
};

/**
 * Makes the copier of the answers of a schema: declared members only, in their order, as the serialiser writes them and a
 * reader of JSON finds them. It answers undefined for whatever the serialiser would change or refuse, so that the serialiser
 * decides. @returns undefined for a schema of which it does not know every part.
 */
export function answerCopyOf(schema: object): Copy | undefined {
  try {
    return copierOf(schema as Shape);
  } catch (error) {
    if (error === unknown_part) return undefined;
    throw error;
  }
}

const unknown_part = new Error('a part of a schema that is not copied');

/** What says nothing of what is written. */
const silent = new Set(['title', 'description', 'examples', 'deprecated', '~kind', '~optional']);
const constraints = new Set([
  'pattern',
  'format',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
]);
const structure = new Set(['type', 'properties', 'required', 'additionalProperties', 'patternProperties', 'items']);

function copierOf(shape: Shape): Copy {
  const keywords = Object.keys(shape).filter((keyword) => !silent.has(keyword));
  if (shape.anyOf && keywords.length === 1) return copierOfNullable(shape.anyOf);
  if (shape.enum && keywords.length === 1) return copyOfText;
  if (keywords.length === 0) return copyOfAny;
  if (!keywords.every((keyword) => structure.has(keyword) || constraints.has(keyword))) throw unknown_part;
  switch (shape.type) {
    case 'string':
      return copyOfText;
    case 'integer':
      return (value) => (Number.isInteger(value) ? copyOfNumber(value) : undefined);
    case 'number':
      return (value) => (typeof value === 'number' ? copyOfNumber(value) : undefined);
    case 'boolean':
      return (value) => (typeof value === 'boolean' ? value : undefined);
    case 'array':
      return copierOfList(copierOf(shape.items ?? {}));
    case 'object':
      return copierOfObject(shape);
    default:
      throw unknown_part;
  }
}

function copyOfText(value: unknown): unknown {
  return typeof value === 'string' ? value : undefined;
}

/** The serialiser writes what is not null only if it fits; whether it does is looked at where a type does not say it. */
function copierOfNullable(variants: readonly Shape[]): Copy {
  const [shape, ...others] = variants.filter(({ type }) => type !== 'null');
  if (!shape || others.length > 0) throw unknown_part;
  const copy = copierOf(shape);
  const is_told_by_type = Object.keys(shape).every((keyword) => keyword === 'type' || silent.has(keyword));
  if (is_told_by_type && shape.type !== 'object' && shape.type !== 'array')
    return (value) => (value === null ? null : copy(value));
  return (value) => {
    if (value === null) return null;
    return checkValue(shape, value).length === 0 ? copy(value) : undefined;
  };
}

function copierOfList(copyItem: Copy): Copy {
  return (value) => {
    if (!Array.isArray(value)) return undefined;
    const copy: unknown[] = [];
    for (const item of value) {
      const copied = copyItem(item);
      if (copied === undefined) return undefined;
      copy.push(copied);
    }
    return copy;
  };
}

function copierOfObject(shape: Shape): Copy {
  const required = new Set(shape.required);
  const members = Object.entries(shape.properties ?? {})
    .map(([name, member]) => [name, copierOf(member), required.delete(name)] as const)
    .sort(([, , one], [, , other]) => Number(other) - Number(one));
  if (required.size > 0 || members.some(([name]) => name === '__proto__')) throw unknown_part;
  const copyOthers = copierOfOthers(shape);
  return (value) => {
    if (!isPlainObject(value)) return undefined;
    const copy: Record<string, unknown> = {};
    for (const [name, copyMember, is_required] of members) {
      const member = value[name];
      if (member === undefined) {
        if (is_required) return undefined;
        continue;
      }
      const copied = copyMember(member);
      if (copied === undefined) return undefined;
      copy[name] = copied;
    }
    return copyOthers(value, copy) ? copy : undefined;
  };
}

/** Members that are not named, where a schema lets them through. */
function copierOfOthers({ properties = {}, additionalProperties, patternProperties }: Shape) {
  if (patternProperties === undefined && (additionalProperties === undefined || additionalProperties === false))
    return () => true;
  const [pattern, shape] = Object.entries(patternProperties ?? {})[0] ?? [];
  const is_known =
    additionalProperties === true
      ? patternProperties === undefined
      : additionalProperties === undefined && Object.keys(patternProperties!).length === 1;
  if (!is_known) throw unknown_part;
  const takes = pattern === undefined ? undefined : new RegExp(pattern);
  const copyMember = shape === undefined ? copyOfAny : copierOf(shape);
  return (value: Record<string, unknown>, copy: Record<string, unknown>): boolean => {
    for (const name of Object.keys(value)) {
      const member = value[name];
      if (member === undefined || Object.hasOwn(properties, name)) continue;
      const copied = name === '__proto__' || takes?.test(name) === false ? undefined : copyMember(member);
      if (copied === undefined) return false;
      copy[name] = copied;
    }
    return true;
  };
}
