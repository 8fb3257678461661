/** A file that does not say what was expected: the message names line and column, both counted from 1. */
export class ImportProblem extends Error {
  readonly line: number;
  readonly column: number;

  constructor(line: number, column: number, message: string) {
    super(`line ${line}, column ${column}: ${message}`);
    this.name = 'ImportProblem';
    this.line = line;
    this.column = column;
  }
}

/** A file as it is read: chunks of bytes or of text, broken anywhere. */
export type TextStream = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;

export type TextLine = { number: number; text: string };

const longest_line = 10_000;

/**
 * The lines of UTF-8 text, one at a time, without their line ends and without a byte order mark; blank ones are left out.
 * @throws ImportProblem when the bytes are not UTF-8 or a line is longer than 10 000 characters.
 */
export async function* textLines(stream: TextStream): AsyncGenerator<TextLine> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  let number = 0;
  const decode = (bytes?: Uint8Array) => decodeOr(decoder, bytes, number + 1);
  for await (const chunk of stream) {
    rest += typeof chunk === 'string' ? chunk : decode(chunk);
    const complete = rest.split('\n');
    rest = complete.pop()!;
    for (const text of complete) {
      number += 1;
      const line = checkedLine(number, text);
      if (line.text.trim() !== '') yield line;
    }
    checkedLine(number + 1, rest);
  }
  const last = checkedLine(number + 1, rest + decode());
  if (last.text.trim() !== '') yield last;
}

function decodeOr(decoder: TextDecoder, bytes: Uint8Array | undefined, line: number): string {
  try {
    return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode();
  } catch (cause) {
    throw Object.assign(new ImportProblem(line, 1, 'UTF-8 text expected, found other bytes near here'), { cause });
  }
}

function checkedLine(number: number, text: string): TextLine {
  if (text.length > longest_line) {
    throw new ImportProblem(number, longest_line + 1, `a line of at most ${longest_line} characters expected`);
  }
  const bare = number === 1 && text.startsWith('\ufeff') ? text.slice(1) : text;
  return { number, text: bare.endsWith('\r') ? bare.slice(0, -1) : bare };
}
