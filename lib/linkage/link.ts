import { type BlockingPlan, countAllPairs } from './blocking/candidates.ts';
import { defaultBlocking } from './blocking/default-rules.ts';
import { groupsOf, type WeightedPairs } from './clustering/components.ts';
import { correlationClusters } from './clustering/correlation.ts';
import type { RecordTable } from './records/table.ts';
import { type CandidatePairs, compareCandidates } from './training/candidate-pairs.ts';
import { drawRandomPairs, estimateChance, type RandomPairs } from './training/chance.ts';
import { learnFromAllPairs, learnFromRules, learnPrior, patternRatios } from './training/expectation-maximisation.ts';
import { type FieldParameters, logRatios, preparePatterns, startingParameters } from './training/parameters.ts';
import { countFrequencies, frequencyBits, scorePairs } from './training/scoring.ts';

const ROUNDS = 3;

export interface LinkOptions {
  plan?: BlockingPlan;
  threshold?: number;
}

export interface LinkResult {
  parameters: FieldParameters[];
  prior: number;
  plan: BlockingPlan;
  pairs: CandidatePairs;
  /** log2 posterior odds of each candidate pair. */
  scores: Float64Array;
  clusterOf: Int32Array;
}

export function linkRecords(
  table: RecordTable,
  { plan = defaultBlocking(table), threshold = 0.5 }: LinkOptions = {},
): LinkResult {
  const pairs = compareCandidates(table, plan);
  const random = drawRandomPairs(table);
  let clusterOf: Int32Array = Int32Array.from({ length: table.size }, (_, row) => row);
  let result: LinkResult | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    result = linkOnce(table, { plan, pairs, random, clusterOf, threshold });
    clusterOf = result.clusterOf;
  }
  return result!;
}

interface Round {
  plan: BlockingPlan;
  pairs: CandidatePairs;
  random: RandomPairs;
  clusterOf: Int32Array;
  threshold: number;
}

function linkOnce(table: RecordTable, { plan, pairs, random, clusterOf, threshold }: Round): LinkResult {
  const parents = table.fields.map(() => -1);
  const parameters = startingParameters(table.fields, parents);
  const prepared = preparePatterns(pairs.patterns, parameters);
  estimateChance(table, parameters, { random, clusters: groupsOf(clusterOf), clusterOf });
  learnFromRules(prepared, parameters, plan.rules);
  const allPairs = countAllPairs(table);
  const ratiosOf = (): Float64Array =>
    patternRatios(
      prepared,
      logRatios(
        parameters,
        ({ m }) => m,
        ({ u }) => u,
      ),
      new Set(),
    );
  let prior = learnPrior(ratiosOf(), prepared.counts, allPairs);
  if (plan.exhaustive) {
    learnFromAllPairs(prepared, parameters, prior);
    prior = learnPrior(ratiosOf(), prepared.counts, allPairs);
  }
  const frequencies = countFrequencies(table, clusterOf).map((counts, field) =>
    frequencyBits(parameters[field]!, counts),
  );
  const scores = scorePairs(table, pairs, { ratios: ratiosOf(), parameters, frequencies });
  const priorBits = Math.log2(prior / (1 - prior));
  const thresholdBits = Math.log2(threshold / (1 - threshold));
  for (let pair = 0; pair < scores.length; pair++) scores[pair]! += priorBits;
  const weighted: WeightedPairs = { ...pairs, weight: scores.map((score) => score - thresholdBits) };
  return { parameters, prior, plan, pairs, scores, clusterOf: correlationClusters(table.size, weighted) };
}
