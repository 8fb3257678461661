import type { DmnElement } from './dmn-elements.ts';
import { DecisionError, type Place } from './errors.ts';
import type { ValueType } from './model.ts';

/** A type as a document names it, with the values it allows. */
export interface NamedType {
  type: ValueType;
  allowed_values?: string;
}

/** The constraint by which DMN, which has no integers, says that a number is whole (itemDefinition/typeConstraint). */
export const WHOLE_NUMBER_CONSTRAINT = 'floor(?) = ?';

/** Types defined by types defined by types: more than this is no document of a person. */
const LONGEST_CHAIN = 20;

/** FEEL's own names, and those that common modellers write instead. */
const TYPE_NAMES: Record<string, ValueType> = {
  string: 'string',
  number: 'number',
  double: 'number',
  integer: 'integer',
  long: 'integer',
  boolean: 'boolean',
  date: 'date',
  dateTime: 'dateTime',
  'date and time': 'dateTime',
};

/** Resolves typeRefs, through the document's item definitions. */
export class TypeBook {
  readonly #definitions: ReadonlyMap<string, DmnElement>;

  constructor(definitions: DmnElement) {
    const items = definitions.children.filter((child) => child.name === 'itemDefinition');
    this.#definitions = new Map(items.map((item) => [item.attributes.get('name') ?? '', item]));
  }

  /** Errors: DMN_REFERENCE for a type that does not exist, DMN_UNSUPPORTED for structures and lists. */
  resolve(type_ref: string, place: Place, seen: string[] = []): NamedType {
    const name = type_ref.replace(/^(feel|[A-Za-z_][\w.-]*):/, '').trim();
    const definition = this.#definitions.get(name);
    if (!definition || seen.includes(name)) return builtIn(name, place, seen.includes(name));
    const at = { line: definition.line, column: definition.column };
    if (seen.length > LONGEST_CHAIN) {
      throw new DecisionError(
        'DMN_UNSUPPORTED',
        `the type ${name} ends a chain of more than ${LONGEST_CHAIN} types`,
        at,
      );
    }
    const structured = definition.children.some((child) => child.name === 'itemComponent');
    if (structured || definition.attributes.get('isCollection') === 'true') {
      throw new DecisionError(
        'DMN_UNSUPPORTED',
        `the type ${name} is a structure or a list; only single values are`,
        at,
      );
    }
    const base = definition.children.find((child) => child.name === 'typeRef');
    if (!base) throw new DecisionError('DMN_STRUCTURE', `the type ${name} has no typeRef`, at);
    return constrained(this.resolve(base.text, at, [...seen, name]), definition);
  }
}

function builtIn(name: string, place: Place, circular: boolean): NamedType {
  const type = Object.hasOwn(TYPE_NAMES, name) ? TYPE_NAMES[name] : undefined;
  if (type && !circular) return { type };
  if (circular) throw new DecisionError('DMN_REFERENCE', `the type ${name} is defined by itself`, place);
  const known = Object.keys(TYPE_NAMES).join(', ');
  throw new DecisionError('DMN_UNSUPPORTED', `the type ${JSON.stringify(name)} is not among ${known}`, place);
}

function constrained(base: NamedType, definition: DmnElement): NamedType {
  const element = definition.children.find(
    (child) => child.name === 'typeConstraint' || child.name === 'allowedValues',
  );
  const text = element?.children.find((child) => child.name === 'text')?.text.trim();
  if (!text) return base;
  if (text === WHOLE_NUMBER_CONSTRAINT && base.type === 'number') return { ...base, type: 'integer' };
  return { ...base, allowed_values: text };
}
