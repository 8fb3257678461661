import { mix32 } from '../records/hashing.ts';
import type { Field, RecordTable } from '../records/table.ts';

/** A part of a field that two records must share; slot −1 is the whole value. */
export interface BlockingAtom {
  field: number;
  slot: number;
}

/** Two records are compared when they share every atom of at least one rule. */
export interface BlockingRule {
  atoms: readonly BlockingAtom[];
}

/** At most this many rules, so that the rules that join a pair fit the bits of one number. */
export const MOST_RULES = 24;

/** A rule as it is written in files: `field` or `field:part` for each atom. */
export function ruleParts(rule: BlockingRule, fields: readonly Field[]): string[] {
  return rule.atoms.map(({ field, slot }) => {
    const { name, type } = fields[field]!;
    return slot < 0 ? name : `${name}:${type.slots[slot]}`;
  });
}

/** Reads a rule as people write it: an array of `field` or `field:part`. Throws with what was expected. */
export function parseRule(written: readonly string[], fields: readonly Field[]): BlockingRule {
  return { atoms: written.map((text) => parseAtom(text, fields)) };
}

function parseAtom(text: string, fields: readonly Field[]): BlockingAtom {
  const colon = text.lastIndexOf(':');
  const whole = fields.findIndex((field) => field.name === text);
  if (whole >= 0 || colon < 0) {
    if (whole < 0)
      throw new RangeError(`blocking names the field ${JSON.stringify(text)}, which is not among the fields`);
    return { field: whole, slot: -1 };
  }
  const [name, part] = [text.slice(0, colon), text.slice(colon + 1)];
  const field = fields.findIndex((candidate) => candidate.name === name);
  const slots = fields[field]?.type.slots;
  if (slots === undefined)
    throw new RangeError(`blocking names the field ${JSON.stringify(name)}, which is not among the fields`);
  if (part === 'value') return { field, slot: -1 };
  const slot = slots.indexOf(part);
  if (slot < 0)
    throw new RangeError(
      `blocking names the part ${JSON.stringify(text)}; ${name} has ${['value', ...slots].join(', ')}`,
    );
  return { field, slot };
}

/** The hashed part of every record, 0 where it has none. */
export function atomColumn(table: RecordTable, { field, slot }: BlockingAtom): Int32Array {
  const dictionary = table.dictionaries[field]!;
  return table.codes[field]!.map((code) => dictionary.token(code, slot));
}

/** One 32-bit key a record for a rule's atoms, 0 where any atom is absent. Different values may collide; equal ones never differ. */
export function ruleKeys(columns: readonly Int32Array[], size: number): Int32Array {
  const keys = new Int32Array(size);
  for (let row = 0; row < size; row++) {
    let key = 0x2545f491;
    for (const column of columns) {
      const token = column[row]!;
      if (token === 0) {
        key = 0;
        break;
      }
      key = mix32(key ^ token) + 0x9e3779b9;
    }
    keys[row] = key;
  }
  return keys;
}
