import type { MpiDeps } from '../deps.ts';
import { attributes, isGiven, trueAnswer } from './answers.ts';
import { mark } from './budgets.ts';
import type { Candidate } from './candidates.ts';
import type { QuestionAttribute, SearchQuery } from './contract.ts';
import { ghostAnswer, optionsFor, randomFraction } from './decoys.ts';
import { type Distributions, readDistributions } from './distributions.ts';
import { ghost_share } from './settings.ts';

export type Question = { attribute: QuestionAttribute; options: string[] };

/**
 * What tells these candidates apart best for what it tells a stranger: the least expected number of them that an answer
 * leaves, weighed by the cost of the attribute. Undefined when nothing is left to ask.
 */
export async function chooseQuestion(
  deps: MpiDeps,
  candidates: readonly Candidate[],
  isAsked: (attribute: QuestionAttribute) => boolean,
): Promise<Question | undefined> {
  const distributions = await readDistributions(deps);
  const possible = attributes.flatMap(({ name: attribute, cost }) => {
    if (isAsked(attribute)) return [];
    const answering = candidates.map(({ id, person }) => ({ id, answer: trueAnswer(person, attribute) }));
    if (answering.some(({ answer }) => answer === '')) return [];
    const options = optionsFor(deps.search.keys.decoys, attribute, answering, distributions[attribute]);
    return options ? [{ attribute, options, weight: expectedLeft(answering) * (1 + cost / 10) }] : [];
  });
  const best = possible.toSorted((one, other) => one.weight - other.weight)[0];
  return best && { attribute: best.attribute, options: best.options };
}

/** How many candidates an answer leaves on the average. */
function expectedLeft(answering: readonly { answer: string }[]): number {
  const sizes = [...Map.groupBy(answering, ({ answer }) => answer).values()].map((group) => group.length);
  return sizes.reduce((sum, size) => sum + size ** 2, 0) / answering.length;
}

/**
 * The question about nobody that one in ten of the queries without a match gets, always the same ones and the same
 * question: otherwise `none` would tell for certain who is not registered.
 */
export async function ghostQuestion(deps: MpiDeps, query: SearchQuery): Promise<Question | undefined> {
  const { keys } = deps.search;
  const ghost = `ghost ${mark(keys.marks, [JSON.stringify(query, Object.keys(query).sort())])}`;
  if (randomFraction(keys.decoys, ghost) >= ghost_share) return undefined;
  const distributions = await readDistributions(deps);
  const open = attributes.filter(({ name }) => !isGiven(query, name));
  const attribute = open[Math.floor(randomFraction(keys.decoys, `${ghost} attribute`) * open.length)]?.name;
  if (attribute === undefined) return undefined;
  const options = ghostOptions(keys.decoys, attribute, ghost, distributions);
  return options && { attribute, options };
}

function ghostOptions(key: Uint8Array, attribute: QuestionAttribute, id: string, distributions: Distributions) {
  const distribution = distributions[attribute];
  if (distribution.length === 0) return undefined;
  return optionsFor(key, attribute, [{ id, answer: ghostAnswer(key, attribute, id, distribution) }], distribution);
}
