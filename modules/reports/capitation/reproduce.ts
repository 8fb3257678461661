import { isDeepStrictEqual } from 'node:util';
import type { Kysely } from 'kysely';
import type { ReportsSettings } from '../deps.ts';
import { sha256 } from '../publication/manifest.ts';
import { linesOf } from '../publication/open-tables.ts';
import { buildFiles } from '../publication/publish.ts';
import type { Tables } from '../tables.ts';
import { computeLines, type Line } from './lines.ts';
import { getRun } from './run-record.ts';

export type Reproduction = { lines: number; same_lines: boolean; files: { name: string; same: boolean }[] };

/** Works a published run out again from its frozen inputs and compares lines and bytes with what was published. */
export async function reproduceRun(
  deps: { long_db: Kysely<Tables>; settings: Pick<ReportsSettings, 'smallest_cell'> },
  run_id: string,
): Promise<Reproduction> {
  const { long_db: db } = deps;
  const run = await getRun(db, run_id);
  const [stored, computed] = [await linesOf(db, run_id), await computeLines(db, run)];
  const { files, manifest } = await buildFiles(db, run, deps.settings.smallest_cell);
  const rows = await db
    .selectFrom('reports.published_files')
    .select(['name', 'sha256'])
    .where('run_id', '=', run_id)
    .execute();
  const published = new Map(rows.map((row) => [row.name, row.sha256]));
  return {
    lines: stored.length,
    same_lines: isDeepStrictEqual(stored.map(comparable), computed.map(comparable)),
    files: [...files, { name: 'manifest.json', bytes: manifest }].map(({ name, bytes }) => ({
      name,
      same: published.get(name) === sha256(bytes),
    })),
  };
}

function comparable({
  number,
  kind,
  for_month,
  legal_entity_id,
  mountain_group,
  age_group,
  declaration_count,
  amount_minor,
}: Line) {
  return [number, kind, for_month, legal_entity_id, mountain_group, age_group, declaration_count, amount_minor];
}
