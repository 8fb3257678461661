import { type CellTest, cellMatches, isConstantCell } from './cell-tests.ts';
import { addDecimals, type Decimal, decimal, multiplyDecimals, roundDecimal } from './decimal.ts';
import type { ValueType } from './model.ts';
import { baseType, compareScalars, equalScalars, feelText, type Scalar } from './values.ts';

/**
 * The values of one input column that the table cannot tell apart: every cell gives the same verdict on all of them.
 * `rules` is a bit set of the rules whose cell matches (or may match, when the cell is computed per row).
 */
export interface ValueClass {
  rules: Uint32Array;
  /** The values in FEEL, e.g. `[5..17]`, for people. */
  labels: string[];
  /** One value of the class as it is compared. */
  sample: Scalar;
}

/**
 * A column cut at the constants of its cells. Segment 2k+1 is the k-th point, segment 2k the open interval before it;
 * `class_of_segment` is -1 where no value of the type exists or the column does not allow it.
 */
export interface Partition {
  type: ValueType;
  points: NonNullable<Scalar>[];
  class_of_segment: Int32Array;
  class_of_null: number;
  classes: ValueClass[];
}

/** Cuts the column; `allowed` are the tests a value must pass to be looked up at all. */
export function partitionColumn(type: ValueType, cells: CellTest[], allowed?: CellTest): Partition {
  const points = pointsOf(type, allowed ? [...cells, allowed] : cells);
  const classes = new ClassTable(cells, allowed);
  const class_of_segment = new Int32Array(2 * points.length + 1);
  for (let segment = 0; segment < class_of_segment.length; segment++) {
    const sample = sampleOf(type, points, segment);
    class_of_segment[segment] = sample === undefined ? -1 : classes.classOf(sample);
  }
  const class_of_null = classes.classOf(null);
  const partition = { type, points, class_of_segment, class_of_null, classes: classes.list };
  labelSegments(partition);
  return partition;
}

export function hasRule(rules: Uint32Array, rule: number): boolean {
  return ((rules[rule >>> 5]! >>> (rule & 31)) & 1) === 1;
}

/** Interns classes by the set of rules that match. */
class ClassTable {
  readonly list: ValueClass[] = [];
  readonly #by_rules = new Map<string, number>();
  readonly #cells: CellTest[];
  readonly #allowed: CellTest | undefined;

  constructor(cells: CellTest[], allowed: CellTest | undefined) {
    this.#cells = cells;
    this.#allowed = allowed;
  }

  classOf(sample: Scalar): number {
    const env = { it: sample, get: () => null };
    if (this.#allowed && !cellMatches(this.#allowed, env)) return -1;
    const rules = new Uint32Array(Math.max(1, (this.#cells.length + 31) >>> 5));
    this.#cells.forEach((cell, rule) => {
      if (!isConstantCell(cell) || cellMatches(cell, env)) rules[rule >>> 5]! |= 1 << (rule & 31);
    });
    const key = rules.join();
    const known = this.#by_rules.get(key);
    if (known !== undefined) return known;
    this.#by_rules.set(key, this.list.length);
    return this.list.push({ rules, labels: [], sample }) - 1;
  }
}

function pointsOf(type: ValueType, cells: CellTest[]): NonNullable<Scalar>[] {
  const points: Scalar[] = type === 'boolean' ? [false, true] : [];
  for (const test of cells.flatMap((cell) => cell.tests)) {
    if (test.kind === 'compare') points.push(test.constant);
    if (test.kind === 'range') points.push(test.range.start, test.range.end);
  }
  const sorted = points.filter((point) => point !== null).sort(compareScalars);
  return sorted.filter((point, i) => i === 0 || !equalScalars(point, sorted[i - 1]!));
}

const HALF = decimal('0.5');
const ONE = decimal(1);

function sampleOf(type: ValueType, points: NonNullable<Scalar>[], segment: number): Scalar | undefined {
  if (segment % 2 === 1) return pointSample(type, points[(segment - 1) / 2]!);
  const [low, high] = [points[segment / 2 - 1], points[segment / 2]];
  if (type === 'boolean') return undefined;
  if (type === 'string') return textBetween(low as string | undefined, high as string | undefined);
  const [from, to] = [low as Decimal | undefined, high as Decimal | undefined];
  return type === 'number' ? numberBetween(from, to) : wholeBetween(from, to);
}

function pointSample(type: ValueType, point: NonNullable<Scalar>): Scalar | undefined {
  if (type !== 'integer') return point;
  return equalScalars(point, roundDecimal(point as Decimal, 0, 'floor')) ? point : undefined;
}

function textBetween(low: string | undefined, high: string | undefined): string | undefined {
  const sample = low === undefined ? '' : `${low}\u0000`;
  return high === undefined || sample < high ? sample : undefined;
}

function numberBetween(low: Decimal | undefined, high: Decimal | undefined): Decimal {
  if (low && high) return multiplyDecimals(addDecimals(low, high), HALF);
  if (high) return addDecimals(high, decimal(-1));
  return low ? addDecimals(low, ONE) : decimal(0);
}

/** Dates and instants are whole numbers too. */
function wholeBetween(low: Decimal | undefined, high: Decimal | undefined): Decimal | undefined {
  if (!low) return high ? addDecimals(roundDecimal(high, 0, 'ceiling'), decimal(-1)) : decimal(0);
  const sample = addDecimals(roundDecimal(low, 0, 'floor'), ONE);
  return !high || compareScalars(sample, high) < 0 ? sample : undefined;
}

/** The class of every text that no cell names, when cells compare texts with `=` only; undefined when they order them. */
export function classOfOtherTexts(partition: Partition): number | undefined {
  const open = partition.class_of_segment.filter((_, segment) => segment % 2 === 0);
  const known = open.filter((id, i) => id !== -1 || i === open.length - 1);
  return known.every((id) => id === known[0]) ? known[0] : undefined;
}

function labelSegments(partition: Partition): void {
  const { class_of_segment, classes, class_of_null, points } = partition;
  const others = partition.type === 'string' ? classOfOtherTexts(partition) : undefined;
  if (others !== undefined && points.length > 0) {
    for (const [i, point] of points.entries()) {
      classes[class_of_segment[2 * i + 1]!]?.labels.push(feelText('string', point));
    }
    classes[others]?.labels.push('any other text');
    classes[class_of_null]?.labels.push('null');
    return;
  }
  for (let from = 0; from < class_of_segment.length; ) {
    let to = from;
    while (to + 1 < class_of_segment.length && class_of_segment[to + 1] === class_of_segment[from]) to++;
    classes[class_of_segment[from]!]?.labels.push(labelOf(partition, from, to));
    from = to + 1;
  }
  classes[class_of_null]?.labels.push('null');
}

function labelOf({ type, points }: Partition, from: number, to: number): string {
  const text = (segment: number) => feelText(baseType(type), points[segment >> 1]!);
  const unbounded = { start: from === 0, end: to === points.length * 2 };
  if (from === to && from % 2 === 1) return text(from);
  if (unbounded.start && unbounded.end) return 'any value';
  if (unbounded.start) return to % 2 === 1 ? `<= ${text(to)}` : `< ${text(to)}`;
  if (type === 'integer' && !unbounded.end) return wholeLabel(points, from, to);
  const start = from % 2 === 1 ? text(from) : text(from - 2);
  if (unbounded.end) return from % 2 === 1 ? `>= ${start}` : `> ${start}`;
  return `${from % 2 === 1 ? '[' : '('}${start}..${text(to)}${to % 2 === 1 ? ']' : ')'}`;
}

/** Whole numbers between two points as people would say them: `40`, not `(39..41)`. */
function wholeLabel(points: NonNullable<Scalar>[], from: number, to: number): string {
  const point = (segment: number) => points[segment >> 1] as Decimal;
  const start = from % 2 === 1 ? point(from) : addDecimals(roundDecimal(point(from - 2), 0, 'floor'), ONE);
  const end = to % 2 === 1 ? point(to) : addDecimals(roundDecimal(point(to), 0, 'ceiling'), decimal(-1));
  const [first, last] = [feelText('number', start), feelText('number', end)];
  return first === last ? first : `[${first}..${last}]`;
}
