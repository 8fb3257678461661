import type { TransactionOf } from '@zdravo/kit/db';
import { hryvnias, monthlyAmount, sumMinor } from '../capitation/amounts.ts';
import type { Line } from '../capitation/lines.ts';
import type { Tables } from '../tables.ts';
import { type PublicCell, publicCells } from './small-cells.ts';
import type { Field, OpenTable } from './tables.ts';

type Db = TransactionOf<Tables>;
type Clinic = { legal_entity_id: string; edrpou: string; name: string; area: string };

export type OpenData = {
  tables: OpenTable[];
  /** The month's own lines, and the rows of them that are open. */
  lines: Line[];
  rows: PublicCell[];
  totals: { declaration_count: number; amount_minor: number; amount: string };
  /** Something was too small to be published at any level. */
  is_complete: boolean;
};

/** What of a run anybody may see. Pure: the same run gives the same tables. */
export async function openTables(
  db: Db,
  run: { id: string; billing_month: string },
  smallest: number,
): Promise<OpenData> {
  const lines = await linesOf(db, run.id);
  const clinics = await clinicsOf(db, run.id);
  const regular = lines.filter(({ kind }) => kind === 'regular');
  const cells = capitationRows(run.billing_month, regular, clinics, smallest);
  const corrections = correctionRows(run.billing_month, lines, smallest);
  const amount_minor = sumMinor(cells.rows.map((row) => row['amount_minor'] as number));
  return {
    lines: regular,
    rows: cells.rows,
    tables: [
      { name: 'capitation', fields: capitation_fields, rows: cells.rows },
      { name: 'corrections', fields: correction_fields, rows: corrections.rows },
      { name: 'legal_entities', fields: clinic_fields, rows: clinics },
    ],
    totals: {
      declaration_count: cells.rows.reduce((sum, row) => sum + (row['declaration_count'] as number), 0),
      amount_minor,
      amount: hryvnias(amount_minor),
    },
    is_complete: cells.withheld === 0 && corrections.withheld === 0,
  };
}

export async function linesOf(db: Db, run_id: string): Promise<Line[]> {
  const rows = await db
    .selectFrom('reports.capitation_lines')
    .selectAll()
    .where('run_id', '=', run_id)
    .orderBy('number')
    .execute();
  return rows as unknown as Line[];
}

async function clinicsOf(db: Db, run_id: string): Promise<Clinic[]> {
  return db
    .selectFrom('reports.capitation_legal_entities')
    .select(['legal_entity_id', 'edrpou', 'name', 'area'])
    .where('run_id', '=', run_id)
    .orderBy('edrpou')
    .orderBy('legal_entity_id')
    .execute();
}

function capitationRows(billing_month: string, lines: readonly Line[], clinics: readonly Clinic[], smallest: number) {
  const clinicOf = new Map(clinics.map((clinic) => [clinic.legal_entity_id, clinic]));
  const cells = lines.map((line) => ({ ...line, area: clinicOf.get(line.legal_entity_id)?.area ?? '' }));
  const rateOf = new Map(lines.map((line) => [`${line.mountain_group}|${line.age_group}`, line]));
  const { rows, withheld } = publicCells(cells, smallest);
  const full = rows.map((row) => {
    const rate = rateOf.get(`${row.mountain_group}|${row.age_group}`)!;
    const clinic = row.legal_entity_id ? clinicOf.get(row.legal_entity_id) : undefined;
    const base = String(rate.base_rate_minor_per_year);
    const amount_minor = monthlyAmount(row.declaration_count, { ...rate, base_rate_minor_per_year: base });
    return {
      billing_month,
      level: row.level,
      area: row.area,
      legal_entity_id: row.legal_entity_id,
      edrpou: clinic?.edrpou ?? null,
      name: clinic?.name ?? null,
      mountain_group: row.mountain_group,
      age_group: row.age_group,
      declaration_count: row.declaration_count,
      base_rate_minor_per_year: rate.base_rate_minor_per_year,
      age_coefficient: rate.age_coefficient,
      mountain_coefficient: rate.mountain_coefficient,
      amount_minor,
      amount: hryvnias(amount_minor),
    };
  });
  return { rows: full.sort(byPlace), withheld };
}

type Placed = {
  level: string;
  area: string | null;
  edrpou: string | null;
  legal_entity_id: string | null;
  mountain_group: boolean;
  age_group: string;
};

function byPlace(a: Placed, b: Placed): number {
  const key = (row: Placed) =>
    [row.level, row.area, row.edrpou, row.legal_entity_id, row.mountain_group, row.age_group.padStart(5, '0')].join(
      '|',
    );
  return key(a) < key(b) ? -1 : 1;
}

/** Corrections are small by nature: only their sums over the country are open, and only where many clinics have one. */
function correctionRows(billing_month: string, lines: readonly Line[], smallest: number) {
  const corrections = lines.filter(({ kind }) => kind === 'correction');
  const classes = Map.groupBy(corrections, (line) => `${line.for_month}|${line.mountain_group}|${line.age_group}`);
  const groups = [...classes.values()].map((list) => ({
    changes: list.reduce((sum, line) => sum + Math.abs(line.declaration_count), 0),
    clinics: list.length,
    row: {
      billing_month,
      for_month: list[0]!.for_month,
      mountain_group: list[0]!.mountain_group,
      age_group: list[0]!.age_group,
      declaration_count: list.reduce((sum, line) => sum + line.declaration_count, 0),
      amount_minor: sumMinor(list.map((line) => line.amount_minor)),
    },
  }));
  const open = groups.filter(({ changes, clinics }) => changes >= smallest && clinics >= 3);
  return { rows: open.map(({ row }) => row), withheld: groups.length - open.length };
}

const field = (name: string, type: Field['type'], description: string): Field => ({ name, type, description });
const class_fields = [
  field('mountain_group', 'boolean', 'whether the division lies in a mountain settlement'),
  field('age_group', 'string', 'full years on the billing date'),
  field('declaration_count', 'integer', 'declarations active at 0:00 of the billing date in Kyiv'),
];
const capitation_fields = [
  field('billing_month', 'string', 'the billing date: the first of the month'),
  field('level', 'string', 'legal_entity; region or country: the merged rest of those too small to be shown'),
  field('area', 'string', 'region of the legal entity’s registration'),
  field('legal_entity_id', 'string', 'UUID'),
  field('edrpou', 'string', 'code of the legal entity in the state register'),
  field('name', 'string', 'name of the legal entity'),
  ...class_fields,
  field('base_rate_minor_per_year', 'integer', 'kopiykas per declaration and year at coefficient 1'),
  field('age_coefficient', 'number', 'exact decimal'),
  field('mountain_coefficient', 'number', 'exact decimal'),
  field('amount_minor', 'integer', 'kopiykas of the month: count × rate × coefficients ÷ 12, rounded half up per row'),
  field('amount', 'number', 'the same in hryvnias'),
];
const correction_fields = [
  field('billing_month', 'string', 'the month that pays the correction'),
  field('for_month', 'string', 'the closed month that is corrected'),
  ...class_fields,
  field('amount_minor', 'integer', 'kopiykas'),
];
const clinic_fields = [
  field('legal_entity_id', 'string', 'UUID'),
  field('edrpou', 'string', 'code in the state register'),
  field('name', 'string', 'name'),
  field('area', 'string', 'region of registration'),
];
