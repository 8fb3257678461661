import { compareDecimals, type Decimal, decimal, formatDecimal } from './decimal.ts';
import type { OutputValue, ValueType } from './model.ts';

/** The types expressions are checked with; `integer` columns are numbers here. */
export type BaseType = 'string' | 'number' | 'boolean' | 'date' | 'dateTime';
export type ListType = `list of ${BaseType}`;
export type StaticType = BaseType | 'null' | ListType;

/** A value while expressions are computed: numbers are decimals, dates are day numbers, instants are milliseconds. */
export type Scalar = Decimal | string | boolean | null;
export type Value = Scalar | Scalar[];

const DAY_MS = 86_400_000;
const INSTANT = /^(\d{4}-\d\d-\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,3}))?(Z|[+-]\d\d:\d\d)$/;

export function baseType(type: ValueType): BaseType {
  return type === 'integer' ? 'number' : type;
}

/** Days since 1970-01-01 of an ISO date (ISO 8601 calendar date, years 0000 to 9999), NaN if there is no such day. */
export function dayNumber(text: string): number {
  if (text.length !== 10 || text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return Number.NaN;
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 7);
  const day = digits(text, 8, 10);
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= monthLength(year, month))) return Number.NaN;
  return daysFromCivil({ year, month, day });
}

export function dateText(days: number): string {
  const text = new Date(days * DAY_MS).toISOString();
  return text.slice(0, text.indexOf('T'));
}

/** Milliseconds since 1970 of an ISO instant with a zone, NaN if it is not one. */
export function instantNumber(text: string): number {
  const parts = INSTANT.exec(text);
  if (!parts || Number.isNaN(dayNumber(parts[1]!)) || Number(parts[2]) > 23) return Number.NaN;
  return Date.parse(text);
}

/** A text of the type as the number it is ordered by; undefined if it is not of the type. */
export function temporalKey(type: 'date' | 'dateTime', text: string): Decimal | undefined {
  const key = type === 'date' ? dayNumber(text) : instantNumber(text);
  return Number.isNaN(key) ? undefined : decimal(key);
}

/** The order of two values of one type; false before true, texts by code unit as in feelin. */
export function compareScalars(a: NonNullable<Scalar>, b: NonNullable<Scalar>): number {
  if (typeof a === 'object' && typeof b === 'object') return compareDecimals(a, b);
  return a < b ? -1 : a > b ? 1 : 0;
}

export function equalScalars(a: Scalar, b: Scalar): boolean {
  if (a === null || b === null) return a === b;
  return typeof a === typeof b && compareScalars(a, b) === 0;
}

/** The value as callers and records see it. */
export function outputValue(type: BaseType | 'null', value: Scalar): OutputValue {
  if (value === null || typeof value !== 'object') return value;
  if (type === 'date') return dateText(Number(value.units));
  if (type === 'dateTime') return new Date(Number(value.units)).toISOString();
  return formatDecimal(value);
}

/** The value as FEEL text, for messages. */
export function feelText(type: BaseType | 'null', value: Scalar): string {
  const plain = outputValue(type, value);
  if (type === 'date' || type === 'dateTime') return plain === null ? 'null' : `@"${plain}"`;
  return typeof plain === 'string' && type === 'string' ? JSON.stringify(plain) : String(plain);
}

function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

const MONTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function monthLength(year: number, month: number): number {
  const leap = month === 2 && (year % 400 === 0 || (year % 4 === 0 && year % 100 !== 0));
  return MONTHS[month - 1]! + (leap ? 1 : 0);
}

/** Proleptic Gregorian days, years counted from March so that the leap day is the last of a year. */
function daysFromCivil(date: { year: number; month: number; day: number }): number {
  const year = date.month <= 2 ? date.year - 1 : date.year;
  const era = Math.floor(year / 400);
  const year_of_era = year - era * 400;
  const day_of_year = Math.floor((153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5) + date.day - 1;
  const day_of_era = year_of_era * 365 + Math.floor(year_of_era / 4) - Math.floor(year_of_era / 100) + day_of_year;
  return era * 146_097 + day_of_era - 719_468;
}
