import { createHmac } from 'node:crypto';
import type { QuestionAttribute } from './contract.ts';
import type { Distribution } from './distributions.ts';
import { option_count } from './settings.ts';

export type Answering = { id: string; answer: string };

/**
 * The options of a question: the true answers of all candidates, filled up with decoys, sorted. Each candidate brings a
 * sequence of decoys of its own, the same under every query and every wording, drawn from the real frequencies: whoever
 * intersects two questions that share a candidate keeps that candidate's decoys beside the truth (mpi.md §9).
 * Undefined when the distribution cannot fill them up: their number is always the same.
 * @param key of this installation; without it nobody can tell decoys from answers.
 */
export function optionsFor(
  key: Uint8Array,
  attribute: QuestionAttribute,
  candidates: readonly Answering[],
  distribution: Distribution,
): string[] | undefined {
  const options = new Set(candidates.map(({ answer }) => answer));
  const sequences = [...candidates]
    .sort((one, other) => (one.id < other.id ? -1 : 1))
    .map(({ id }) => decoysOf(key, attribute, id, distribution));
  const exhausted = new Set<number>();
  for (let turn = 0; options.size < option_count && exhausted.size < sequences.length; turn++) {
    const at = turn % sequences.length;
    const next = sequences[at]!.next();
    if (next.done) exhausted.add(at);
    else options.add(next.value);
  }
  return options.size === option_count ? [...options].sort() : undefined;
}

/** What a candidate who does not exist would answer: the same every time. */
export function ghostAnswer(
  key: Uint8Array,
  attribute: QuestionAttribute,
  id: string,
  distribution: Distribution,
): string {
  return draw(distribution, randomFraction(key, `${attribute} ${id} answer`));
}

/** How many draws a sequence has: an answer that is very common comes again and again. */
const most_draws = 400;

function* decoysOf(
  key: Uint8Array,
  attribute: QuestionAttribute,
  id: string,
  distribution: Distribution,
): Generator<string> {
  const seen = new Set<string>();
  for (let number = 0; number < most_draws && seen.size < distribution.length; number++) {
    const answer = draw(distribution, randomFraction(key, `${attribute} ${id} ${number}`));
    if (seen.has(answer)) continue;
    seen.add(answer);
    yield answer;
  }
}

/** The answer at this part of the whole, 0 to 1. */
function draw(distribution: Distribution, fraction: number): string {
  let left = fraction * distribution.reduce((sum, { count }) => sum + count, 0);
  for (const { answer, count } of distribution) {
    left -= count;
    if (left < 0) return answer;
  }
  return distribution.at(-1)!.answer;
}

/** In [0, 1), the same for the same text. */
export function randomFraction(key: Uint8Array, text: string): number {
  return createHmac('sha256', key).update(text).digest().readUIntBE(0, 6) / 2 ** 48;
}
