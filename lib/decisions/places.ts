import { DecisionError, type Place } from './errors.ts';

/** Lines and columns of a document by table, rule and cell. */
export type Places = Map<string, { line: number; column: number }>;

export function placeKey(place: Place): string {
  return JSON.stringify([place.table, place.rule ?? null, place.cell ?? null]);
}

/** The place with the line and column of its cell, rule or table in the document it came from. */
export function located(place: Place, places: Places): Place {
  const found =
    places.get(placeKey(place)) ??
    places.get(placeKey({ table: place.table, rule: place.rule })) ??
    places.get(placeKey({ table: place.table }));
  return found ? { ...place, ...found } : place;
}

/** Runs `work`; a DecisionError out of it names line and column as well. */
export function withLocation<T>(places: Places, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof DecisionError) || error.place.line !== undefined) throw error;
    throw new DecisionError(error.code, error.message, located(error.place, places), { cause: error });
  }
}
