import { type Decimal, decimal, negateDecimal } from './decimal.ts';
import { DecisionError } from './errors.ts';
import type { FeelNode } from './feel-tree.ts';
import { temporalKey } from './values.ts';

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', '"': '"', "'": "'", '\\': '\\' };
const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{6})|(.))/gs;

/** The number a NumericLiteral node means, its sign included. */
export function numberLiteral(node: FeelNode): Decimal {
  const text = node.text.replace(/\s+/g, '');
  const value = decimal(text.replace(/^-/, ''));
  return text.startsWith('-') ? negateDecimal(value) : value;
}

/** The text a StringLiteral node means (escapes of DMN 1.5 §10.3.1.2, grammar rule 64). */
export function stringLiteral(node: FeelNode): string {
  return node.text.slice(1, -1).replace(ESCAPE, (whole, four, six, single) => {
    if (four) return String.fromCharCode(Number.parseInt(four, 16));
    if (six) return codePoint(Number.parseInt(six, 16), node);
    const meant = ESCAPES[single];
    if (meant !== undefined) return meant;
    throw new DecisionError('FEEL_SYNTAX', `${whole} is no escape of a FEEL string`, { offset: node.from });
  });
}

/** The date or instant of `@"…"`, `date("…")` or `date and time("…")`, as the number it is ordered by. */
export function temporalLiteral(node: FeelNode): { type: 'date' | 'dateTime'; value: Decimal } {
  const { constructor_name, text } = temporalParts(node);
  const type = constructor_name === 'date' || (constructor_name === '@' && text.length <= 10) ? 'date' : 'dateTime';
  const value = temporalKey(type, text);
  if (!value) {
    const expected = type === 'date' ? 'a date like 2026-01-31' : 'an instant like 2026-01-31T08:00:00Z';
    throw new DecisionError('FEEL_TYPE', `expected ${expected}, found ${JSON.stringify(text)}`, { offset: node.from });
  }
  return { type, value };
}

function temporalParts(node: FeelNode): { constructor_name: string; text: string } {
  const [head, , parameters] = node.children;
  if (head?.name === 'AtLiteral') return { constructor_name: '@', text: stringLiteral(head.children[0]!) };
  const constructor_name = head?.text.replace(/\s+/g, ' ') ?? '';
  const argument = parameters?.children[0];
  const supported = constructor_name === 'date' || constructor_name === 'date and time';
  if (!supported || parameters?.children.length !== 1 || argument?.name !== 'StringLiteral') {
    throw new DecisionError('FEEL_UNSUPPORTED', `${node.text}: write date("…"), date and time("…") or @"…"`, {
      offset: node.from,
    });
  }
  return { constructor_name, text: stringLiteral(argument) };
}

function codePoint(value: number, node: FeelNode): string {
  if (value <= 0x10ffff) return String.fromCodePoint(value);
  throw new DecisionError('FEEL_SYNTAX', 'an escape names no Unicode character', { offset: node.from });
}
