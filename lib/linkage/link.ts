import { type BlockingPlan, countAllPairs } from './blocking/candidates.ts';
import { estimateCoverage } from './blocking/coverage.ts';
import { defaultBlocking } from './blocking/default-rules.ts';
import { groupsOf } from './clustering/components.ts';
import { correlationClusters } from './clustering/correlation.ts';
import type { RecordTable } from './records/table.ts';
import { type CandidatePairs, compareCandidates } from './training/candidate-pairs.ts';
import { drawRandomPairs, estimateChance, type RandomPairs } from './training/chance.ts';
import { findParents } from './training/dependence.ts';
import { learnFromAllPairs, learnFromRules, learnPrior, patternRatios } from './training/expectation-maximisation.ts';
import { addHousehold, type HouseholdMode, type HouseholdParameters, learnHousehold } from './training/household.ts';
import { cellBits, type FieldParameters, preparePatterns, startingParameters } from './training/parameters.ts';
import { countFrequencies, frequencyBits, scorePairs, type ValueFrequencies } from './training/scoring.ts';

/** Training sees the clusters of the round before, so that matches no longer count as agreement by chance. */
const ROUNDS = 3;

export interface LinkOptions {
  /** What to compare; chosen from the data when left out. */
  plan?: BlockingPlan | undefined;
  /** Probability from which two records count as one entity. */
  threshold?: number | undefined;
  household?: HouseholdMode | undefined;
  mostPairs?: number | undefined;
  /** Parameters to use instead of training. */
  trained?: TrainedParameters | undefined;
  /** Told what is going on, for people who wait. */
  progress?: ((step: string) => void) | undefined;
}

export interface TrainedParameters {
  parameters: readonly FieldParameters[];
  household: HouseholdParameters | null;
  prior: number;
}

export interface LinkResult {
  parameters: readonly FieldParameters[];
  household: HouseholdParameters | null;
  household_note: string;
  prior: number;
  threshold: number;
  plan: BlockingPlan;
  coverage: number;
  frequencies: readonly ValueFrequencies[];
  pairs: CandidatePairs;
  /** log2 posterior odds of each candidate pair: 0 = even, 10 = about 1000 to 1 for one entity. */
  scores: Float64Array;
  /** For each row the smallest row of its cluster. */
  clusterOf: Int32Array;
}

/**
 * Finds the records of a table that are one entity: compares candidate pairs, learns what agreement means in these data without
 * any example (or uses a trained model), scores the pairs and clusters them. The answer depends on the records only, not on their order.
 */
export function linkRecords(table: RecordTable, options: LinkOptions = {}): LinkResult {
  const { progress = () => {}, threshold = 0.5, mostPairs } = options;
  progress('choosing blocking rules');
  const plan = options.plan ?? defaultBlocking(table);
  progress(
    plan.exhaustive ? 'comparing all pairs' : `comparing candidate pairs of ${plan.rules.length} blocking rules`,
  );
  const pairs = compareCandidates(table, plan, mostPairs);
  const round = { plan, pairs, threshold, household: options.household ?? 'auto' };
  let clusterOf: Int32Array = Int32Array.from({ length: table.size }, (_, row) => row);
  if (options.trained !== undefined) {
    const trained = { ...options.trained, household_note: options.trained.household?.note ?? 'not in the model' };
    clusterOf = decide(table, { ...round, clusterOf }, trained).clusterOf;
    return decide(table, { ...round, clusterOf }, trained);
  }
  const random = drawRandomPairs(table);
  let result: LinkResult | undefined;
  for (let count = 1; count <= ROUNDS; count++) {
    progress(`learning, round ${count} of ${ROUNDS}, from ${pairs.size} pairs`);
    const learnt = learn(table, { ...round, random, clusterOf, isFirst: count === 1 });
    result = decide(table, { ...round, clusterOf }, learnt);
    clusterOf = result.clusterOf;
  }
  return result!;
}

interface Round {
  plan: BlockingPlan;
  pairs: CandidatePairs;
  clusterOf: Int32Array;
  threshold: number;
  household: HouseholdMode;
}

type Learnt = TrainedParameters & { household_note: string };

function learn(
  table: RecordTable,
  { plan, pairs, random, clusterOf, household, isFirst }: Round & { random: RandomPairs; isFirst: boolean },
): Learnt {
  const clusters = groupsOf(clusterOf);
  const parents = isFirst ? table.fields.map(() => -1) : findParents(table, clusters);
  const parameters = startingParameters(table.fields, parents);
  const prepared = preparePatterns(pairs.patterns, parameters);
  estimateChance(table, parameters, { random, clusters, clusterOf });
  const allPairs = countAllPairs(table);
  const family = learnHousehold(table, prepared, { parameters, rules: plan.rules, allPairs, mode: household });
  if (family.learnt !== undefined) return { ...family.learnt, household_note: family.note };
  learnFromRules(prepared, parameters, plan.rules);
  const priorOf = (): number =>
    learnPrior(patternRatios(prepared, cellBits(parameters), new Set()), prepared.counts, allPairs);
  let prior = priorOf();
  if (plan.exhaustive) {
    learnFromAllPairs(prepared, parameters, prior);
    prior = priorOf();
  }
  return { parameters, household: null, household_note: family.note, prior };
}

function decide(table: RecordTable, { plan, pairs, clusterOf, threshold }: Round, learnt: Learnt): LinkResult {
  const { parameters, household, prior } = learnt;
  const prepared = preparePatterns(pairs.patterns, parameters);
  const ratios = patternRatios(prepared, cellBits(parameters), new Set());
  const frequencies = countFrequencies(table, clusterOf);
  const bits = frequencies.map((counts, field) => frequencyBits(parameters[field]!, counts));
  const scores = scorePairs(table, pairs, { ratios, parameters, frequencies: bits });
  const priorBits = Math.log2(prior / (1 - prior));
  for (let pair = 0; pair < scores.length; pair++) scores[pair]! += priorBits;
  if (household !== null)
    addHousehold(table, prepared, { pairs, household, parameters, prior, scores, frequencies: bits });
  const thresholdBits = Math.log2(threshold / (1 - threshold));
  const weighted = { ...pairs, weight: scores.map((score) => score - thresholdBits) };
  return {
    ...learnt,
    threshold,
    plan,
    coverage: plan.exhaustive ? 1 : estimateCoverage(table, parameters, plan.rules),
    frequencies,
    pairs,
    scores,
    clusterOf: correlationClusters(table.size, weighted),
  };
}
