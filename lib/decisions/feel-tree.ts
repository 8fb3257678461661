import { parseExpression, parseUnaryTests } from 'feelin';
import { DecisionError } from './errors.ts';

/** A node of feelin's syntax tree with its text; comments are left out. */
export interface FeelNode {
  name: string;
  text: string;
  from: number;
  children: FeelNode[];
}

const LONGEST_CELL = 4_000;
const DEEPEST_NESTING = 120;

/** The tree of unary tests (an input cell). `names` lets FEEL recognise names with spaces. */
export function parseTests(text: string, names: Iterable<string>): FeelNode {
  return parsed(text, (context) => parseUnaryTests(text, context, undefined), names);
}

/** The tree of an expression (an output cell or an input expression). */
export function parseFeel(text: string, names: Iterable<string>): FeelNode {
  return parsed(text, (context) => parseExpression(text, context, undefined), names);
}

type FeelTree = ReturnType<typeof parseExpression>;

function parsed(
  text: string,
  parse: (context: Record<string, unknown>) => FeelTree,
  names: Iterable<string>,
): FeelNode {
  if (text.length > LONGEST_CELL) {
    throw new DecisionError(
      'FEEL_UNSUPPORTED',
      `a cell may have ${LONGEST_CELL} characters, this one has ${text.length}`,
    );
  }
  const context = Object.fromEntries([...names].map((name) => [name, null]));
  return nodesOf(parse(context), text);
}

function nodesOf(tree: FeelTree, text: string): FeelNode {
  const root: FeelNode = { name: 'root', text, from: 0, children: [] };
  const path = [root];
  tree.iterate({
    enter(node) {
      if (node.name === 'LineComment' || node.name === 'BlockComment') return false;
      if (node.type.isError) throw syntaxError(text, node.from);
      if (path.length > DEEPEST_NESTING) {
        throw new DecisionError('FEEL_UNSUPPORTED', 'the expression is nested too deeply', { offset: node.from });
      }
      const child = { name: node.name, text: text.slice(node.from, node.to), from: node.from, children: [] };
      path.at(-1)!.children.push(child);
      path.push(child);
      return true;
    },
    leave() {
      path.pop();
    },
  });
  const top = root.children[0];
  if (!top) throw syntaxError(text, 0);
  return top;
}

function syntaxError(text: string, offset: number): DecisionError {
  const found = text.slice(offset, offset + 12);
  const what = found === '' ? 'it ends too early' : `${JSON.stringify(found)} was not expected`;
  return new DecisionError('FEEL_SYNTAX', `${JSON.stringify(excerpt(text))} is not FEEL: ${what}`, { offset });
}

function excerpt(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
