import { createReadStream } from 'node:fs';
import { TextDecoder } from 'node:util';
import { type CsvError, parse } from 'csv-parse';
import type { Sample } from '../resolve.ts';

/** A table that cannot be read; the message names file, line and, where known, column. */
export class InputError extends Error {}

export interface CsvOptions {
  /** Undefined: whichever of `,` `;` tab `|` the header has most of. */
  delimiter: string | undefined;
  encoding: string;
}

export interface CsvVisitor {
  header(names: readonly string[]): void;
  /** `line` is where the record ends, from 1. */
  row(values: readonly string[], line: number): void;
  /** Bytes read so far. */
  progress?(bytes: number): void;
}

/** Streams a CSV file (RFC 4180, header first) to a visitor; memory does not grow with the file. Throws InputError. */
export async function readCsv(path: string, options: CsvOptions, visitor: CsvVisitor): Promise<void> {
  const decoder = decoderFor(options.encoding);
  let parser: ReturnType<typeof parse> | undefined;
  let failure: Error | undefined;
  let bytes = 0;
  let lines = 1;
  let held = '';
  const place = { columns: 0, last_line: 1 };
  const noting = notingPlace(visitor, place);
  const start = (text: string): void => {
    parser = openParser(path, options.delimiter ?? guessDelimiter(text), noting);
    parser.on('error', (error) => {
      failure ??= explained(path, error, place);
    });
    parser.resume();
  };
  const feed = async (text: string): Promise<void> => {
    if (parser === undefined) {
      held += text;
      if (!held.includes('\n')) return;
      start(held);
      text = held;
    }
    if (!parser!.write(text) && failure === undefined) await drained(parser!);
  };
  for await (const chunk of openFile(path)) {
    bytes += chunk.length;
    await feed(decoded(decoder, chunk, { path, lines, encoding: options.encoding }));
    if (failure !== undefined) throw failure;
    lines += countLines(chunk);
    visitor.progress?.(bytes);
  }
  if (parser === undefined) {
    if (held.trim() === '') throw new InputError(`${path} is empty; expected a header line`);
    start(`${held}\n`);
    parser!.write(`${held}\n`);
  }
  await ended(parser!, () => failure);
}

/** Where the reader is, for the message of what it then finds wrong. */
function notingPlace(visitor: CsvVisitor, place: { columns: number; last_line: number }): CsvVisitor {
  return {
    ...visitor,
    header: (names) => {
      place.columns = names.length;
      visitor.header(names);
    },
    row: (values, line) => {
      place.last_line = line;
      visitor.row(values, line);
    },
  };
}

class EnoughRead extends InputError {}

/** The header and the first rows of a file, read no further. Throws InputError. */
export async function readSample(path: string, options: CsvOptions, most: number): Promise<Sample> {
  let header: readonly string[] = [];
  const rows: string[][] = [];
  try {
    await readCsv(path, options, {
      header: (names) => {
        header = names;
      },
      row: (values) => {
        rows.push([...values]);
        if (rows.length === most) throw new EnoughRead();
      },
    });
  } catch (error) {
    if (!(error instanceof EnoughRead)) throw error;
  }
  return { header, rows };
}

/** A record longer than this is a quote that nobody closed: the rest of the file must not gather in memory. */
const most_characters = 4_000_000;

function openFile(path: string): AsyncIterable<Buffer> {
  const stream = createReadStream(path, { highWaterMark: 1 << 18 });
  return {
    async *[Symbol.asyncIterator]() {
      try {
        yield* stream;
      } catch (cause) {
        const { code } = cause as NodeJS.ErrnoException;
        throw new InputError(
          code === 'ENOENT' ? `there is no file ${path}` : `${path} cannot be read: ${(cause as Error).message}`,
          { cause },
        );
      }
    },
  };
}

function openParser(path: string, delimiter: string, visitor: CsvVisitor): ReturnType<typeof parse> {
  let header: string[] | undefined;
  return parse({
    bom: true,
    delimiter,
    trim: true,
    skip_empty_lines: true,
    max_record_size: most_characters,
    on_record: (record: string[], { lines }) => {
      if (header === undefined) {
        header = checkedHeader(path, record);
        visitor.header(header);
      } else visitor.row(record, lines);
      return null;
    },
  });
}

function checkedHeader(path: string, names: string[]): string[] {
  const empty = names.indexOf('');
  if (empty >= 0) throw new InputError(`${path}, line 1, column ${empty + 1}: the header has no name for this column`);
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
  if (twice >= 0)
    throw new InputError(
      `${path}, line 1, column ${twice + 1}: the name ${JSON.stringify(names[twice])} occurs twice in the header`,
    );
  return names;
}

/** Where the last whole record ended, and how many columns the header has. */
type Place = { columns: number; last_line: number };

function explained(path: string, error: Error, { columns, last_line }: Place): Error {
  if (error instanceof InputError) return error;
  const { code, lines, column, record } = error as CsvError & { lines?: number; column?: number; record?: unknown[] };
  if (lines === undefined) return error;
  if (code === 'CSV_QUOTE_NOT_CLOSED' || code === 'CSV_MAX_RECORD_SIZE') {
    const at = `${path}, line ${last_line + 1}, column ${(column ?? 0) + 1}`;
    return new InputError(`${at}: a quote is opened and not closed`, { cause: error });
  }
  const place = `${path}, line ${lines}${typeof column === 'number' ? `, column ${column + 1}` : ''}`;
  if (code === 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH') {
    const counts = `${record?.length ?? 'other'} values where the header has ${columns}`;
    return new InputError(`${path}, line ${lines}, column ${Math.min(columns, record?.length ?? 0) + 1}: ${counts}`, {
      cause: error,
    });
  }
  // The parser's own words quote the cell.
  const what = quoting_errors[code] ?? 'the row is no CSV';
  return new InputError(`${place}: ${what}`, { cause: error });
}

const quoting_errors: Record<string, string> = {
  INVALID_OPENING_QUOTE: 'a quote stands within a value; such a value is quoted as a whole, its quotes doubled',
  CSV_INVALID_CLOSING_QUOTE: 'something follows the quote that ends a value; quotes within a value are doubled',
};

function decoderFor(encoding: string): TextDecoder {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch (cause) {
    throw new InputError(`the encoding ${JSON.stringify(encoding)} is not known; try "utf-8" or "windows-1251"`, {
      cause,
    });
  }
}

function decoded(
  decoder: TextDecoder,
  chunk: Buffer,
  { path, lines, encoding }: { path: string; lines: number; encoding: string },
): string {
  try {
    return decoder.decode(chunk, { stream: true });
  } catch (cause) {
    throw new InputError(
      `${path}, at or after line ${lines}: the bytes are not ${encoding}; say the file's "encoding" in the configuration`,
      { cause },
    );
  }
}

function guessDelimiter(text: string): string {
  const header = text.slice(0, text.indexOf('\n'));
  const candidates = [',', ';', '\t', '|'];
  const counts = candidates.map((candidate) => header.split(candidate).length);
  return candidates[counts.indexOf(Math.max(...counts))]!;
}

function countLines(chunk: Buffer): number {
  let lines = 0;
  for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
  return lines;
}

/** Until more can be written, or the parser has failed: then it never drains. */
function drained(parser: ReturnType<typeof parse>): Promise<void> {
  if (parser.errored !== null || parser.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    for (const event of ['drain', 'error', 'close']) parser.once(event, () => resolve());
  });
}

function ended(parser: ReturnType<typeof parse>, failure: () => Error | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      const error = failure();
      if (error === undefined) resolve();
      else reject(error);
    };
    if (parser.errored !== null || parser.destroyed) return settle();
    parser.once('end', settle);
    parser.once('error', settle);
    parser.end();
  });
}
