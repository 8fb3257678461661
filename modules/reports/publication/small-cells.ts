/** Declarations of one clinic in one class: a mountain flag with an age group, whose members all have one rate. */
export type Cell = {
  legal_entity_id: string;
  area: string;
  mountain_group: boolean;
  age_group: string;
  declaration_count: number;
};

/** A row that may be published: disjoint from all others, so that no sum or difference tells more than it does. */
export type PublicCell = {
  level: 'legal_entity' | 'region' | 'country';
  area: string | null;
  legal_entity_id: string | null;
  mountain_group: boolean;
  age_group: string;
  declaration_count: number;
};

/** Whoever knows their own part of a merged row must still not learn another's. */
const fewest_contributors = 3;

type Row = PublicCell & { cells: readonly Cell[] };

/**
 * Merges cells smaller than `smallest` upward: into the rest of their region, or of the country. What is published is a
 * partition of the declarations, never a total beside its parts, and every row is of one class, so its money says
 * nothing that its count does not. Where the rest of the country is still not safe (`isSafe`), the smallest rows of the
 * class are merged into it too (secondary suppression). A class that is not safe as a whole is withheld; because the
 * country's exact number is public (`/reports/stats`), the smallest other rows are then withheld with it, until the
 * difference is safe as well.
 */
export function publicCells(cells: readonly Cell[], smallest: number): { rows: PublicCell[]; withheld: number } {
  const present = cells.filter(({ declaration_count }) => declaration_count > 0);
  const classes = Map.groupBy(present, ({ mountain_group, age_group }) => `${mountain_group}|${age_group}`);
  const parts = [...classes.values()].map((list) => classRows(list, smallest));
  const bySize = parts.flatMap(({ rows }) => rows).sort(largestFirst);
  const withheld = parts.flatMap((part) => part.withheld);
  while (withheld.length > 0 && bySize.length > 0 && !isSafe(withheld, smallest)) withheld.push(...bySize.pop()!.cells);
  return { rows: bySize.map(plain), withheld: countOf(withheld) };
}

/**
 * Whether the sum of these cells tells nobody a small one: it is large enough, has enough clinics, and whoever takes
 * their own part away is left with others of which none is known to within half of what a small cell can hold, even
 * to somebody who knows which of them are small (0 to `smallest` − 1) and which are not.
 */
function isSafe(cells: readonly Cell[], smallest: number): boolean {
  const clinics = [...Map.groupBy(cells, ({ legal_entity_id }) => legal_entity_id).keys()];
  if (countOf(cells) < smallest || clinics.length < fewest_contributors) return false;
  const [most, narrowest] = [smallest - 1, Math.floor((smallest - 1) / 2)];
  return clinics.every((own) => {
    const others = cells.filter(({ legal_entity_id }) => legal_entity_id !== own);
    const large = others.filter(({ declaration_count }) => declaration_count >= smallest).length;
    const left = countOf(others) - large * smallest;
    return left >= narrowest && (large > 0 || left <= most * others.length - narrowest);
  });
}

function classRows(cells: readonly Cell[], smallest: number): { rows: Row[]; withheld: readonly Cell[] } {
  const isShown = ({ declaration_count }: Cell) => declaration_count >= smallest;
  const published = cells.filter(isShown).map(entityRow);
  const small = cells.filter((cell) => !isShown(cell));
  const regions = [...Map.groupBy(small, ({ area }) => area)].map(([area, list]) => mergedRow(list, 'region', area));
  published.push(...regions.filter((row) => isSafe(row.cells, smallest)));
  const rest = regions.flatMap((row) => (isSafe(row.cells, smallest) ? [] : row.cells));
  if (rest.length === 0) return { rows: published, withheld: [] };
  const bySize = published.sort(largestFirst);
  while (!isSafe(rest, smallest) && bySize.length > 0) rest.push(...bySize.pop()!.cells);
  if (!isSafe(rest, smallest)) return { rows: [], withheld: rest };
  return { rows: [...bySize, mergedRow(rest, 'country', null)], withheld: [] };
}

function entityRow(cell: Cell): Row {
  return { level: 'legal_entity', ...cell, cells: [cell] };
}

function mergedRow(cells: readonly Cell[], level: 'region' | 'country', area: string | null): Row {
  const { mountain_group, age_group } = cells[0]!;
  return { level, area, legal_entity_id: null, mountain_group, age_group, declaration_count: countOf(cells), cells };
}

function countOf(cells: readonly Cell[]): number {
  return cells.reduce((sum, { declaration_count }) => sum + declaration_count, 0);
}

function plain({ cells: _, ...row }: Row): PublicCell {
  return row;
}

/** Of one size in an order that does not depend on the order of the cells. */
function largestFirst(a: Row, b: Row): number {
  return b.declaration_count - a.declaration_count || (keyOf(a) < keyOf(b) ? -1 : 1);
}

function keyOf(row: Row): string {
  return [row.mountain_group, row.age_group, row.level, row.area, row.legal_entity_id].join('|');
}
