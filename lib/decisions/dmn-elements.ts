import { SaxesParser, type SaxesTagNS } from 'saxes';
import { DecisionError, type Place } from './errors.ts';

/** An element of a DMN document. Only the document's DMN namespace is kept; foreign elements and attributes are dropped. */
export interface DmnElement {
  name: string;
  attributes: ReadonlyMap<string, string>;
  children: DmnElement[];
  text: string;
  /** Where its `<` stands, from 1. */
  line: number;
  column: number;
}

/** DMN 1.5 is written; 1.1 to 1.5 are read: their decision tables mean the same. */
export const DMN_NAMESPACE = 'https://www.omg.org/spec/DMN/20230324/MODEL/';

const READABLE_NAMESPACES = new Set([
  DMN_NAMESPACE,
  'https://www.omg.org/spec/DMN/20211108/MODEL/',
  'https://www.omg.org/spec/DMN/20191111/MODEL/',
  'http://www.omg.org/spec/DMN/20180521/MODEL/',
  'http://www.omg.org/spec/DMN/20151101/dmn.xsd',
]);

const MOST_CHARACTERS = 5_000_000;
const DEEPEST_ELEMENT = 60;

/**
 * Reads a document into elements; names have no prefix. No DTD, no entities but XML's own five.
 * Errors: DMN_SYNTAX, DMN_DOCTYPE, DMN_TOO_LARGE, DMN_STRUCTURE, with line and column.
 */
export function readElements(xml: string): DmnElement {
  if (xml.length > MOST_CHARACTERS) {
    throw new DecisionError(
      'DMN_TOO_LARGE',
      `a document may have ${MOST_CHARACTERS} characters, this one has ${xml.length}`,
    );
  }
  const reader = new ElementReader(xml);
  reader.read();
  if (reader.root) return reader.root;
  throw new DecisionError('DMN_STRUCTURE', 'expected DMN definitions, found nothing', { line: 1, column: 1 });
}

interface OpenElement {
  element: DmnElement | undefined;
  text: string;
}

/** The state of one pass over a document. */
class ElementReader {
  root: DmnElement | undefined;
  readonly #xml: string;
  readonly #parser = new SaxesParser({ xmlns: true, position: true });
  readonly #open: OpenElement[] = [];
  #places: PlaceFinder;

  constructor(xml: string) {
    this.#xml = xml;
    this.#places = new PlaceFinder(xml);
  }

  read(): void {
    const parser = this.#parser;
    parser.on('error', (error) => {
      throw this.#syntaxError(error.message);
    });
    parser.on('doctype', () => {
      throw new DecisionError('DMN_DOCTYPE', 'a document type declaration is refused', this.#here());
    });
    parser.on('opentag', (tag) => this.#openTag(tag));
    parser.on('closetag', () => this.#closeTag());
    parser.on('text', (text) => this.#addText(text));
    parser.on('cdata', (text) => this.#addText(text));
    parser.write(this.#xml).close();
  }

  #openTag(tag: SaxesTagNS): void {
    if (this.#open.length >= DEEPEST_ELEMENT) {
      throw new DecisionError('DMN_TOO_LARGE', `elements are nested deeper than ${DEEPEST_ELEMENT}`, this.#here());
    }
    const element = this.#element(tag);
    const parent = this.#open.at(-1);
    if (this.#open.length === 0) this.root = this.#checkedRoot(tag, element);
    if (element && parent?.element) parent.element.children.push(element);
    this.#open.push({ element: parent && !parent.element ? undefined : element, text: '' });
  }

  #closeTag(): void {
    const closed = this.#open.pop();
    if (closed?.element) closed.element.text = closed.text;
  }

  #addText(text: string): void {
    const open = this.#open.at(-1);
    if (open) open.text += text;
  }

  #element(tag: SaxesTagNS): DmnElement | undefined {
    if (!READABLE_NAMESPACES.has(tag.uri)) return undefined;
    const own = Object.values(tag.attributes).filter(
      (attribute) => attribute.uri === '' && attribute.prefix !== 'xmlns',
    );
    const attributes = new Map(own.map((attribute) => [attribute.local, attribute.value]));
    return { name: tag.local, attributes, children: [], text: '', ...this.#startOfTag() };
  }

  #checkedRoot(tag: SaxesTagNS, element: DmnElement | undefined): DmnElement {
    if (element?.name === 'definitions') return element;
    const found = `<${tag.local}> of ${JSON.stringify(tag.uri)}`;
    throw new DecisionError(
      'DMN_STRUCTURE',
      `expected <definitions> of DMN 1.1 to 1.5, found ${found}`,
      this.#startOfTag(),
    );
  }

  /** The `<` of the tag that the parser has just read. */
  #startOfTag(): { line: number; column: number } {
    const end = this.#parser.position;
    return this.#places.find(startOfLastTag(this.#xml, end));
  }

  #here(): Place {
    return this.#places.find(Math.max(0, this.#parser.position - 1));
  }

  #syntaxError(message: string): DecisionError {
    return new DecisionError('DMN_SYNTAX', message.replace(/^\d+:\d+:\s*/, ''), this.#here());
  }
}

/** `>` and `<` cannot stand raw inside a tag except `>` in attribute values, so the last `<` opens the tag. */
function startOfLastTag(xml: string, end: number): number {
  return xml.lastIndexOf('<', end - 1);
}

/** Turns offsets, which only grow, into lines and columns in one pass. */
class PlaceFinder {
  readonly #xml: string;
  #line = 1;
  #line_start = 0;

  constructor(xml: string) {
    this.#xml = xml;
  }

  find(offset: number): { line: number; column: number } {
    for (;;) {
      const end = this.#xml.indexOf('\n', this.#line_start);
      if (end === -1 || end >= offset) return { line: this.#line, column: offset - this.#line_start + 1 };
      this.#line += 1;
      this.#line_start = end + 1;
    }
  }
}
