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

/**
 * Merges cells smaller than `smallest` upward: into the rest of their region, or of the country. What is published is a
 * partition of the declarations, never a total beside its parts, and every row is of one class, so its money says
 * nothing that its count does not. Where the rest of the country is still too small, the smallest rows of the class are
 * merged into it too (secondary suppression). A class with too few in the whole country is withheld.
 */
export function publicCells(cells: readonly Cell[], smallest: number): { rows: PublicCell[]; withheld: number } {
  const classes = Map.groupBy(cells, ({ mountain_group, age_group }) => `${mountain_group}|${age_group}`);
  const parts = [...classes.values()].map((list) => classRows(list, smallest));
  return { rows: parts.flatMap(({ rows }) => rows), withheld: parts.reduce((sum, { withheld }) => sum + withheld, 0) };
}

type Row = PublicCell & { contributors: number };

function classRows(cells: readonly Cell[], smallest: number): { rows: PublicCell[]; withheld: number } {
  const present = cells.filter(({ declaration_count }) => declaration_count > 0);
  const published = present.filter(({ declaration_count }) => declaration_count >= smallest).map(entityRow);
  const small = present.filter(({ declaration_count }) => declaration_count < smallest);
  const regions = [...Map.groupBy(small, ({ area }) => area)].map(([area, list]) => mergedRow(list, 'region', area));
  const isEnough = (row: Row) => row.declaration_count >= smallest && row.contributors >= fewest_contributors;
  published.push(...regions.filter(isEnough));
  const rest = regions.filter((row) => !isEnough(row));
  if (rest.length === 0) return { rows: published.map(plain), withheld: 0 };
  const bySize = published.sort((a, b) => b.declaration_count - a.declaration_count || (keyOf(a) < keyOf(b) ? -1 : 1));
  while (!isEnough(total(rest)) && bySize.length > 0) rest.push(bySize.pop()!);
  const country = total(rest);
  if (country.declaration_count < smallest) return { rows: [], withheld: country.declaration_count };
  return { rows: [...bySize, country].map(plain), withheld: 0 };
}

function entityRow(cell: Cell): Row {
  return { level: 'legal_entity', ...cell, contributors: 1 };
}

function mergedRow(cells: readonly Cell[], level: 'region' | 'country', area: string | null): Row {
  const { mountain_group, age_group } = cells[0]!;
  const declaration_count = cells.reduce((sum, cell) => sum + cell.declaration_count, 0);
  return {
    level,
    area,
    legal_entity_id: null,
    mountain_group,
    age_group,
    declaration_count,
    contributors: cells.length,
  };
}

function total(rows: readonly Row[]): Row {
  const { mountain_group, age_group } = rows[0]!;
  const declaration_count = rows.reduce((sum, row) => sum + row.declaration_count, 0);
  const contributors = rows.reduce((sum, row) => sum + row.contributors, 0);
  return {
    level: 'country',
    area: null,
    legal_entity_id: null,
    mountain_group,
    age_group,
    declaration_count,
    contributors,
  };
}

function plain({ contributors: _, ...row }: Row): PublicCell {
  return row;
}

function keyOf(row: Row): string {
  return `${row.area}|${row.legal_entity_id}`;
}
