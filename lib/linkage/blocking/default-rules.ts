import { mix32 } from '../records/hashing.ts';
import type { RecordTable } from '../records/table.ts';
import { type BlockingPlan, countAllPairs, isLinking } from './candidates.ts';
import { atomColumn, type BlockingRule, MOST_RULES, ruleKeys } from './rules.ts';

/** All pairs are compared up to this many. */
const EXHAUSTIVE_PAIRS = 1_000_000;
const SAMPLE_ROWS = 25_000;
const SIMULATED_MATCHES = 2_000;
/** An atom that more than this share of random pairs share says too little to be worth a key. */
const COMMONEST_ATOM = 0.1;
/** Each rule that finds a match again lowers the chance to lose it to this share: rules are not independent of one another. */
const CHANCE_LEFT = 0.3;

/**
 * Chooses blocking rules for a table from its fields' types alone: of all pairs and triples of field parts, greedily those that find
 * the most simulated matches more for the fewest candidate pairs, within a budget of pairs.
 */
export function defaultBlocking(table: RecordTable, budget = Math.max(1_500_000, 4 * table.size)): BlockingPlan {
  const candidates = candidateRules(table, budget);
  const rules = chooseGreedily(candidates, budget);
  const exhaustive = countAllPairs(table) <= EXHAUSTIVE_PAIRS;
  return { rules, exhaustive, largest_block: Math.max(1000, Math.floor(Math.sqrt(budget))) };
}

interface CandidateRule extends BlockingRule {
  pairs: number;
  /** 1 for each simulated match that the rule finds. */
  finds: Uint8Array;
}

interface Atom {
  field: number;
  slot: number;
  sample: Int32Array;
  finds: Uint8Array;
  agreement: number;
}

function candidateRules(table: RecordTable, budget: number): CandidateRule[] {
  const sample = sampleOf(table);
  const atoms = atomsOf(table, sample);
  const rules: CandidateRule[] = [];
  const consider = (members: Atom[]): boolean => {
    const pairs = countPairs(members, sample);
    if (pairs <= budget / 2)
      rules.push({ atoms: members.map(({ field, slot }) => ({ field, slot })), pairs, finds: foundByAll(members) });
    return pairs > budget / 50;
  };
  for (const [i, first] of atoms.entries()) {
    if (!consider([first])) continue;
    for (const [j, second] of atoms.entries()) {
      if (j <= i || second.field === first.field || !consider([first, second])) continue;
      for (const [k, third] of atoms.entries()) {
        if (k > j && third.field !== first.field && third.field !== second.field) consider([first, second, third]);
      }
    }
  }
  return rules;
}

function chooseGreedily(candidates: readonly CandidateRule[], budget: number): BlockingRule[] {
  const missed = new Float64Array(SIMULATED_MATCHES).fill(1);
  const chosen: BlockingRule[] = [];
  const left = new Set(candidates);
  let spent = 0;
  while (chosen.length < MOST_RULES && left.size > 0) {
    let best: CandidateRule | undefined;
    let bestWorth = 0;
    for (const rule of left) {
      if (spent + rule.pairs > budget) continue;
      const gain = gainOf(rule, missed);
      const worth = gain < 0.2 ? 0 : gain / (rule.pairs + budget / 40);
      if (worth > bestWorth) [best, bestWorth] = [rule, worth];
    }
    if (best === undefined) break;
    left.delete(best);
    spent += best.pairs;
    chosen.push({ atoms: best.atoms });
    for (let i = 0; i < missed.length; i++) if (best.finds[i] === 1) missed[i]! *= CHANCE_LEFT;
  }
  return chosen;
}

function gainOf(rule: CandidateRule, missed: Float64Array): number {
  let gain = 0;
  for (let i = 0; i < missed.length; i++) if (rule.finds[i] === 1) gain += missed[i]! * (1 - CHANCE_LEFT);
  return gain;
}

interface Sample {
  rows: Int32Array;
  isSecond: Uint8Array | undefined;
  scale: number;
}

function sampleOf(table: RecordTable): Sample {
  const step = Math.max(1, Math.ceil(table.size / SAMPLE_ROWS));
  const rows = Int32Array.from({ length: Math.floor((table.size + step - 1) / step) }, (_, i) => i * step);
  const isSecond = isLinking(table) ? Uint8Array.from(rows, (row) => table.sources[row]!) : undefined;
  return { rows, isSecond, scale: step * step };
}

function atomsOf(table: RecordTable, sample: Sample): Atom[] {
  const possible = Math.max(1, countAllPairs(table));
  return table.fields.flatMap((field, index) => {
    const codes = table.codes[index]!;
    const filled = codes.reduce((sum, code) => sum + (code === 0 ? 0 : 1), 0) / Math.max(1, table.size);
    return field.type.blocking.flatMap(({ slot, survives }) => {
      const column = atomColumn(table, { field: index, slot });
      const atom: Atom = {
        field: index,
        slot,
        sample: sample.rows.map((row) => column[row]!),
        finds: simulate({ field: index, filled, survives }),
        agreement: 0,
      };
      atom.agreement = countPairs([atom], sample) / possible;
      const isUseful = filled > 0.02 && atom.agreement <= COMMONEST_ATOM;
      return isUseful ? [atom] : [];
    });
  });
}

/** Which simulated matches keep an atom. Some matches are of poor quality in all fields; a field's parts fail together. */
function simulate({ field, filled, survives }: { field: number; filled: number; survives: number }): Uint8Array {
  return Uint8Array.from({ length: SIMULATED_MATCHES }, (_, match) => {
    const isPoor = match % 3 === 0;
    const isPresent = uniform(match, field * 2 + 1) < filled * filled ** 0.5;
    const isKept = uniform(match, field * 2 + 2) < (isPoor ? survives ** 3 : survives);
    return isPresent && isKept ? 1 : 0;
  });
}

function uniform(match: number, stream: number): number {
  return (mix32(Math.imul(match + 1, 0x9e3779b1) ^ mix32(stream + 0x51ed27)) >>> 0) / 0x1_0000_0000;
}

function foundByAll(members: readonly Atom[]): Uint8Array {
  return Uint8Array.from({ length: SIMULATED_MATCHES }, (_, match) =>
    members.every(({ finds }) => finds[match] === 1) ? 1 : 0,
  );
}

const TABLE_BITS = 17;
const firstCounts = new Int32Array(1 << TABLE_BITS);
const secondCounts = new Int32Array(1 << TABLE_BITS);

/** Pairs that share all atoms, counted in hashed bins over the sample and scaled up (collisions taken off). */
function countPairs(members: readonly Atom[], sample: Sample): number {
  firstCounts.fill(0);
  secondCounts.fill(0);
  const keys = ruleKeys(
    members.map((member) => member.sample),
    sample.rows.length,
  );
  let [pairs, firsts, seconds] = [0, 0, 0];
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    if (key === 0) continue;
    const bin = mix32(key) >>> (32 - TABLE_BITS);
    const isSecond = sample.isSecond?.[i] === 1;
    pairs += sample.isSecond === undefined || isSecond ? firstCounts[bin]! : secondCounts[bin]!;
    if (isSecond) secondCounts[bin]!++;
    else firstCounts[bin]!++;
    if (isSecond) seconds++;
    else firsts++;
  }
  const possible = sample.isSecond === undefined ? (firsts * (firsts - 1)) / 2 : firsts * seconds;
  return Math.max(0, pairs - possible / (1 << TABLE_BITS)) * sample.scale;
}
