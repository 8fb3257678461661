import { GIVEN_NAME_GROUPS } from '../data/given-names.ts';
import { foldWords } from './text.ts';
import { transliterationKey } from './transliteration.ts';

/** Maps the transliteration key of a text to the name of the group it belongs to. */
export type EquivalenceTable = ReadonlyMap<string, string>;

/** Builds a table from groups of texts that mean the same; a text in two groups joins the first. */
export function equivalenceTable(groups: Iterable<readonly string[]>): EquivalenceTable {
  const table = new Map<string, string>();
  for (const group of groups) {
    const keys = group.map((text) => transliterationKey(foldWords(text)));
    const name = keys.find((key) => key !== '') ?? '';
    for (const key of keys) if (!table.has(key)) table.set(key, name);
  }
  return table;
}

let givenNames: EquivalenceTable | undefined;

/** Short forms and Ukrainian–Russian pairs of given names and patronymics. */
export function givenNameTable(): EquivalenceTable {
  givenNames ??= equivalenceTable(GIVEN_NAME_GROUPS.map((line) => line.split(' ')));
  return givenNames;
}
