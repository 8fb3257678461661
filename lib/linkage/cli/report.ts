import type { LinkResult } from '../link.ts';
import { probabilityOf } from '../matcher.ts';
import type { RecordTable } from '../records/table.ts';
import type { Figures } from './main.ts';

/** `id,cluster`, the cluster being the first id in it; sorted by id. */
export function clusterLines(table: RecordTable, { clusterOf }: LinkResult): string {
  const lines = ['id,cluster'];
  for (let row = 0; row < table.size; row++)
    lines.push(`${quoted(table.ids[row]!)},${quoted(table.ids[clusterOf[row]!]!)}`);
  return `${lines.join('\n')}\n`;
}

/** `left_id,right_id,probability` for every pair across the two inputs that ended in one cluster; without a score of its own a pair has none. */
export function pairLines(table: RecordTable, { clusterOf, pairs, scores }: LinkResult): string {
  const scoreOf = new Map<number, number>();
  for (let pair = 0; pair < pairs.size; pair++) {
    const [left, right] = [pairs.left[pair]!, pairs.right[pair]!];
    if (clusterOf[left] === clusterOf[right]) scoreOf.set(left * table.size + right, scores[pair]!);
  }
  const members = Map.groupBy(Array.from(clusterOf.keys()), (row) => clusterOf[row]!);
  const lines = ['left_id,right_id,probability'];
  for (const rows of members.values()) {
    for (const left of rows) {
      for (const right of rows) {
        if (table.sources[left] !== 0 || table.sources[right] !== 1) continue;
        const score = scoreOf.get(left * table.size + right);
        lines.push(
          `${quoted(table.ids[left]!)},${quoted(table.ids[right]!)},${score === undefined ? '' : probabilityOf(score).toFixed(6)}`,
        );
      }
    }
  }
  return `${lines.join('\n')}\n`;
}

/** The figures for people. */
export function figuresText(figures: Figures): string {
  const lines = [`${figures.records} records, ${figures.clusters} entities, ${figures.candidate_pairs} pairs compared`];
  if ('f1' in figures && figures.f1 !== undefined) {
    lines.push(
      `precision ${share(figures.precision)}  recall ${share(figures.recall)}  F1 ${share(figures.f1)}  B³ ${share(figures.b3_f1)}`,
      `${figures.true_pairs} true pairs, ${figures.wrong_pairs} wrong, ${figures.missed_pairs} missed`,
    );
  }
  lines.push(
    `blocking finds an estimated ${(figures.estimated_coverage * 100).toFixed(1)} % of matches; household class: ${figures.household}`,
    `${figures.time_s} s, ${figures.memory_mb} MB`,
  );
  return `${lines.join('\n')}\n`;
}

function share(number: number | undefined): string {
  return (number ?? 0).toFixed(4);
}

function quoted(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
