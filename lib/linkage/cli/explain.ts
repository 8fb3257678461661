import { ConfigError } from '../config.ts';
import type { LinkResult } from '../link.ts';
import { createMatcher, type Explanation } from '../matcher.ts';
import type { LinkageModel } from '../model.ts';
import type { RecordTable } from '../records/table.ts';
import type { Arguments } from './arguments.ts';
import type { LoadedInput } from './load.ts';

/** How many of the closest decisions are explained when no pair is named. */
const CLOSEST = 5;

/** Explains a named pair, or the decisions nearest to the threshold, as text or JSON. */
export function explainPairs(
  args: Arguments,
  { input, result, model }: { input: LoadedInput; result: LinkResult; model: LinkageModel },
): string {
  const { table, valuesOf } = input;
  const matcher = createMatcher(model);
  const rows = args.pair === undefined ? closestPairs(result) : [namedPair(args.pair, table)];
  const explained = rows.map(([left, right]) => {
    const [a, b] = [left, right].map((row) => valuesOf.get(`${table.sources[row]}:${table.ids[row]}`)!);
    const explanation = matcher.compareValues(a!, b!);
    const fields = explanation.fields.map((evidence, field) => ({ ...evidence, left: a![field]!, right: b![field]! }));
    return {
      left: table.ids[left]!,
      right: table.ids[right]!,
      same_cluster: result.clusterOf[left] === result.clusterOf[right],
      ...explanation,
      fields,
    };
  });
  if (args.json) return `${JSON.stringify({ command: 'explain', threshold: result.threshold, pairs: explained })}\n`;
  return explained.map(explanationText).join('\n');
}

type Explained = Omit<Explanation, 'fields'> & {
  left: string;
  right: string;
  same_cluster: boolean;
  fields: (Explanation['fields'][number] & { left: string; right: string })[];
};

function explanationText(pair: Explained): string {
  const lines = [
    `${pair.left} and ${pair.right}: probability ${pair.probability.toFixed(6)}${pair.same_cluster ? ', taken for one' : ', kept apart'}`,
    `${bitsText(pair.prior_bits)}  at first: two random records are rarely one`,
    ...pair.fields.map(
      ({ field, level, bits, left, right }) =>
        `${bitsText(bits)}  ${field}: ${level} (${left || '–'} | ${right || '–'})`,
    ),
  ];
  if (Math.abs(pair.household_bits) > 0.05)
    lines.push(`${bitsText(pair.household_bits)}  may be two persons of one household`);
  lines.push(`${bitsText(pair.log2_odds)}  in sum; each bit doubles the odds`);
  return `${lines.join('\n')}\n`;
}

function bitsText(bits: number): string {
  return `${bits >= 0 ? '+' : '−'}${Math.abs(bits).toFixed(1)}`.padStart(7);
}

function namedPair(written: string, table: RecordTable): [number, number] {
  const comma = written.indexOf(',');
  const ids = [written.slice(0, comma).trim(), written.slice(comma + 1).trim()];
  if (comma < 0) throw new ConfigError(`--pair is ${JSON.stringify(written)}; expected two ids parted by a comma`);
  const isTwo = table.sources.includes(1);
  const rows = ids.map((id, index) =>
    table.ids.findIndex((known, row) => known === id && (!isTwo || table.sources[row] === index)),
  );
  const missing = rows.indexOf(-1);
  if (missing >= 0)
    throw new ConfigError(`--pair names the id ${JSON.stringify(ids[missing])}, which the input does not have`);
  return [rows[0]!, rows[1]!];
}

function closestPairs({ pairs, scores, threshold }: LinkResult): [number, number][] {
  const bits = Math.log2(threshold / (1 - threshold));
  const order = Int32Array.from(scores, (_, pair) => pair).sort(
    (a, b) => Math.abs(scores[a]! - bits) - Math.abs(scores[b]! - bits) || a - b,
  );
  return Array.from(order.subarray(0, CLOSEST), (pair) => [pairs.left[pair]!, pairs.right[pair]!]);
}
