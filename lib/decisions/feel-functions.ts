import {
  addDecimals,
  type Decimal,
  decimal,
  isWhole,
  moduloDecimals,
  multiplyDecimals,
  negateDecimal,
  type Rounding,
  roundDecimal,
} from './decimal.ts';
import { DecisionError } from './errors.ts';
import {
  type BaseType,
  compareScalars,
  equalScalars,
  type ListType,
  type Scalar,
  type StaticType,
  type Value,
} from './values.ts';

/** A FEEL built-in: `result` checks the argument types (undefined: they do not fit), `compute` gets no nulls. */
export interface FeelFunction {
  result(types: StaticType[]): StaticType | undefined;
  compute(values: Value[]): Value;
}

/** Rounding to more digits than this is a typing error and would cost memory. */
const LARGEST_ROUNDING_SCALE = 100;

/** The deterministic part of FEEL's built-ins (DMN 1.5 §10.3.4); no clocks, no regular expressions, no loops. */
export const FEEL_FUNCTIONS: ReadonlyMap<string, FeelFunction> = new Map(
  Object.entries({
    floor: rounding('floor'),
    ceiling: rounding('ceiling'),
    'round half up': rounding('half_up'),
    'round half even': rounding('half_even'),
    decimal: rounding('half_even'),
    abs: signature(['number'], 'number', ([n]) => absolute(n as Decimal)),
    modulo: signature(['number', 'number'], 'number', ([a, b]) => moduloDecimals(a as Decimal, b as Decimal)),
    even: signature(['number'], 'boolean', ([n]) => isWhole(n as Decimal) && isWhole(half(n as Decimal))),
    odd: signature(['number'], 'boolean', ([n]) => isWhole(n as Decimal) && !isWhole(half(n as Decimal))),
    'string length': signature(['string'], 'number', ([text]) => decimal([...(text as string)].length)),
    'upper case': signature(['string'], 'string', ([text]) => (text as string).toUpperCase()),
    'lower case': signature(['string'], 'string', ([text]) => (text as string).toLowerCase()),
    contains: signature(['string', 'string'], 'boolean', ([a, b]) => (a as string).includes(b as string)),
    'starts with': signature(['string', 'string'], 'boolean', ([a, b]) => (a as string).startsWith(b as string)),
    'ends with': signature(['string', 'string'], 'boolean', ([a, b]) => (a as string).endsWith(b as string)),
    count: {
      result: (types) => (types.length === 1 && elementType(types[0]!) ? 'number' : undefined),
      compute: counted,
    },
    sum: { result: (types) => (listOf(types) === 'number' ? 'number' : undefined), compute: summed },
    min: { result: listOf, compute: (values) => extreme(values, -1) },
    max: { result: listOf, compute: (values) => extreme(values, 1) },
    'list contains': { result: listAndElement, compute: ([list, item]) => holds(list as Scalar[], item as Scalar) },
  } satisfies Record<string, FeelFunction>),
);

/** The element type of a list type; undefined for anything else. */
export function elementType(type: StaticType): BaseType | undefined {
  return type.startsWith('list of ') ? (type.slice('list of '.length) as BaseType) : undefined;
}

export function listType(element: BaseType): ListType {
  return `list of ${element}`;
}

function signature(parameters: StaticType[], result: StaticType, compute: FeelFunction['compute']): FeelFunction {
  const fits = (types: StaticType[]) =>
    types.length === parameters.length && types.every((type, i) => type === parameters[i] || type === 'null');
  return { result: (types) => (fits(types) ? result : undefined), compute };
}

function rounding(mode: Rounding): FeelFunction {
  return {
    result: (types) =>
      (types.length === 1 || types.length === 2) && types.every((type) => type === 'number') ? 'number' : undefined,
    compute: ([value, scale]) => roundDecimal(value as Decimal, scaleOf(scale as Decimal | undefined), mode),
  };
}

function scaleOf(value: Decimal | undefined): number {
  if (!value) return 0;
  const scale = Number(value.units) / 10 ** value.scale;
  if (Number.isInteger(scale) && scale >= 0 && scale <= LARGEST_ROUNDING_SCALE) return scale;
  throw new DecisionError('FEEL_TYPE', `a number of digits is a whole number from 0 to ${LARGEST_ROUNDING_SCALE}`);
}

function absolute(value: Decimal): Decimal {
  return value.units < 0n ? negateDecimal(value) : value;
}

function half(value: Decimal): Decimal {
  return multiplyDecimals(value, { units: 5n, scale: 1 });
}

function listOf(types: StaticType[]): BaseType | undefined {
  const element = types.length === 1 ? elementType(types[0]!) : undefined;
  if (element) return element === 'boolean' ? undefined : element;
  const first = types[0] as BaseType | undefined;
  return first && types.every((type) => type === first) && ['number', 'string', 'date', 'dateTime'].includes(first)
    ? first
    : undefined;
}

function listAndElement(types: StaticType[]): StaticType | undefined {
  return types.length === 2 && elementType(types[0]!) === types[1] ? 'boolean' : undefined;
}

function itemsOf(values: Value[]): Scalar[] {
  return values.length === 1 && Array.isArray(values[0]) ? values[0] : (values as Scalar[]);
}

function counted([list]: Value[]): Value {
  return decimal((list as Scalar[]).length);
}

function summed(values: Value[]): Value {
  const items = itemsOf(values);
  if (items.length === 0 || items.includes(null)) return null;
  return items.reduce((total, item) => addDecimals(total as Decimal, item as Decimal)) as Decimal;
}

function extreme(values: Value[], sign: 1 | -1): Value {
  const items = itemsOf(values);
  if (items.length === 0 || items.includes(null)) return null;
  return items.reduce((best, item) => (compareScalars(item!, best!) * sign > 0 ? item : best)) as Scalar;
}

function holds(list: Scalar[], item: Scalar): boolean {
  return list.some((member) => equalScalars(member, item));
}
