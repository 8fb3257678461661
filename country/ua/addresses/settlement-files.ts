import { person_dictionaries } from '../dictionaries/persons.ts';
import { addressId, type Street, streetId } from './rows.ts';
import { ImportProblem, type TextStream, textLines } from './text-lines.ts';

const code_pattern = /^UA[0-9]{17}$/;
const flags = new Map([
  ...['true', '1', 'yes', 'так'].map((word) => [word, true] as const),
  ...['false', '0', 'no', 'ні'].map((word) => [word, false] as const),
]);

export type MountainFlag = { settlement_id: string; katottg: string; mountain_group: boolean };

/**
 * Reads a register of streets: CSV with the header `settlement,type,name`; a settlement's KATOTTG code, a code of the
 * dictionary STREET_TYPE, the name.
 * @throws ImportProblem naming line and column.
 */
export async function* readStreets(stream: TextStream): AsyncGenerator<Street> {
  for await (const { number, cells } of csvRows(stream, ['settlement', 'type', 'name'])) {
    const [code, type, name] = cells as [string, string, string];
    const settlement_id = settlementId(number, code);
    if (!Object.hasOwn(person_dictionaries['STREET_TYPE']!, type)) {
      throw new ImportProblem(number, 2, `a code of STREET_TYPE expected, found ${JSON.stringify(type)}`);
    }
    if (name === '') throw new ImportProblem(number, 3, 'a name expected, found none');
    yield { id: streetId(settlement_id, type, name), settlement_id, type, name };
  }
}

/**
 * Reads which settlements have the status of a mountain one: CSV with the header `settlement,mountain_group`; a KATOTTG
 * code, and true or false.
 * @throws ImportProblem naming line and column.
 */
export async function* readMountainFlags(stream: TextStream): AsyncGenerator<MountainFlag> {
  for await (const { number, cells } of csvRows(stream, ['settlement', 'mountain_group'])) {
    const [code, flag] = cells as [string, string];
    const settlement_id = settlementId(number, code);
    const mountain_group = flags.get(flag.toLowerCase());
    if (mountain_group === undefined)
      throw new ImportProblem(number, 2, `true or false expected, found ${JSON.stringify(flag)}`);
    yield { settlement_id, katottg: code, mountain_group };
  }
}

function settlementId(number: number, code: string): string {
  if (!code_pattern.test(code))
    throw new ImportProblem(number, 1, `a code UA and 17 digits expected, found ${JSON.stringify(code)}`);
  return addressId('settlement', code);
}

/** Rows of CSV (RFC 4180, one row a line), the header checked, cells trimmed and in Unicode's composed form. */
async function* csvRows(stream: TextStream, header: string[]): AsyncGenerator<{ number: number; cells: string[] }> {
  let expected = true;
  for await (const { number, text } of textLines(stream)) {
    const cells = csvCells(number, text);
    if (cells.length !== header.length) {
      throw new ImportProblem(
        number,
        Math.min(cells.length, header.length) + 1,
        `${header.length} columns expected, found ${cells.length}`,
      );
    }
    if (!expected) {
      yield { number, cells };
      continue;
    }
    const wrong = header.findIndex((name, place) => cells[place]!.toLowerCase() !== name);
    if (wrong >= 0)
      throw new ImportProblem(
        number,
        wrong + 1,
        `the header "${header[wrong]}" expected, found ${JSON.stringify(cells[wrong])}`,
      );
    expected = false;
  }
  if (expected) throw new ImportProblem(1, 1, `the header "${header.join(',')}" expected, found an empty file`);
}

function csvCells(number: number, text: string): string[] {
  const cells: string[] = [];
  let rest = text;
  for (;;) {
    const quoted = /^\s*"((?:[^"]|"")*)"\s*(,|$)/.exec(rest);
    const match = quoted ?? /^([^",]*)(,|$)/.exec(rest);
    if (!match)
      throw new ImportProblem(number, cells.length + 1, 'a cell in whole quotes, or one without any, expected');
    cells.push((quoted ? match[1]!.replaceAll('""', '"') : match[1]!).trim().normalize('NFC'));
    if (match[2] === '') return cells;
    rest = rest.slice(match[0].length);
  }
}
