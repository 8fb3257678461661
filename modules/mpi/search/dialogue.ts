import { invalidField, notFound } from '@zdravo/kit/problem';
import { type RawBuilder, sql } from 'kysely';
import type { Asker, MpiDeps, MpiTransaction } from '../deps.ts';
import { recordRead } from '../persons/get-person.ts';
import { openPersons } from '../persons/read-versions.ts';
import { readable } from '../vault/unreadable.ts';
import { isGiven, trueAnswer } from './answers.ts';
import { addUse, admit, mark, type Use } from './budgets.ts';
import { type Candidate, type Found, findByTokens, fittingOf } from './candidates.ts';
import type { QuestionAttribute, SearchAnswer, SearchQuery, SearchReply } from './contract.ts';
import { inConstantTime } from './floor.ts';
import { raiseCanary } from './locks.ts';
import { hashOf, newOneUse } from './one-use.ts';
import { chooseQuestion, ghostQuestion, type Question } from './questions.ts';
import { type Searcher, searcherOf } from './searcher.ts';
import { most_questions, patience_ms } from './settings.ts';

/** `asked`: what the query told or an earlier question asked; `number`: of the question, from 1. */
type Asked = { question: Question; asked: QuestionAttribute[]; number: number; candidates: readonly Candidate[] };

/** What a step comes to, before it is stored. */
type Outcome =
  | { result: 'found'; person_id: string }
  | ({ result: 'question' } & Asked)
  | { result: 'too_many' }
  | { result: 'none'; wrong_answer?: true };

/**
 * Begins to look for the person of whom somebody tells this (mpi.md §9): a handle when one fits, a question when a few
 * do, and never how many.
 * @throws Problem 400 without actor, client and purpose, 429 when the budget is spent or the searcher is locked.
 */
export function startSearch(deps: MpiDeps, query: SearchQuery, asker: Asker): Promise<SearchAnswer> {
  return inConstantTime(deps, async () => {
    const searcher = searcherOf(asker);
    // Ids only, of which nothing comes unless the searcher is let in: it need not wait for that.
    const [found] = await Promise.all([findByTokens(deps, query), admit(deps, searcher, query)]);
    return audited(deps, found.ids, searcher, async () => {
      const outcome = await firstOutcome(deps, query, found);
      return deps.db.transaction().execute((transaction) => settle(deps, transaction, searcher, outcome));
    });
  });
}

/** Who is opened for an answer stands in the audit before the answer leaves; making it need not wait. */
async function audited<Answer>(
  deps: MpiDeps,
  ids: readonly string[],
  searcher: Searcher,
  work: () => Promise<Answer>,
): Promise<Answer> {
  const [answer] = await Promise.all([work(), recordRead(deps, 'person.search', ids, searcher)]);
  return answer;
}

async function firstOutcome(deps: MpiDeps, query: SearchQuery, found: Found): Promise<Outcome> {
  const { fitting, is_crowd } = await fittingOf(deps, query, found);
  if (is_crowd) return { result: 'too_many' };
  if (fitting.length === 0) {
    const question = await ghostQuestion(deps, query);
    return question ? { result: 'question', question, asked: [], number: 1, candidates: [] } : { result: 'none' };
  }
  const certain = fitting.filter((one) => one.is_certain);
  if (certain.length === 1) return { result: 'found', person_id: certain[0]!.id };
  const given = (['patronymic_initial', 'birth_years', 'birth_settlement'] as const).filter((one) =>
    isGiven(query, one),
  );
  return ask(deps, certain.length > 0 ? certain : fitting, given, 1);
}

async function ask(
  deps: MpiDeps,
  candidates: readonly Candidate[],
  asked: QuestionAttribute[],
  number: number,
): Promise<Outcome> {
  const question = await chooseQuestion(deps, candidates, (attribute) => asked.includes(attribute));
  return question ? { result: 'question', question, asked, number, candidates } : { result: 'too_many' };
}

/**
 * Takes the answer to the open question of a dialogue, once, from whom it was asked. An answer that fits nobody raises a
 * canary; null ends the dialogue without one.
 * @throws Problem 404 `search_step_unknown`, 422 for an answer that was no option (the question stays open), 429.
 */
export function replyToSearch(deps: MpiDeps, reply: SearchReply, asker: Asker): Promise<SearchAnswer> {
  return inConstantTime(deps, async () => {
    const searcher = searcherOf(asker);
    await admit(deps, searcher);
    const step = await findStep(deps, reply, searcher);
    const work = async () => {
      const outcome = await nextOutcome(deps, step, reply.answer);
      return deps.db.transaction().execute(async (transaction) => {
        await useUp(transaction, step);
        return settle(deps, transaction, searcher, outcome, step);
      });
    };
    return reply.answer === null ? work() : audited(deps, step.candidates, searcher, work);
  });
}

type Step = {
  step_hash: Buffer;
  attribute: QuestionAttribute;
  asked: QuestionAttribute[];
  questions: number;
  candidates: string[];
};

async function findStep(deps: MpiDeps, { dialogue, answer }: SearchReply, searcher: Searcher): Promise<Step> {
  const row = await deps.db
    .selectFrom('mpi.search_dialogues')
    .select(['step_hash', 'attribute', 'asked', 'questions', 'options', 'candidates'])
    .where('step_hash', '=', hashOf(dialogue))
    .where('actor_id', '=', searcher.actor_id)
    .where('client_id', '=', searcher.client_id)
    .where('expires_at', '>', deps.clock.now().toISOString())
    .executeTakeFirst();
  if (!row) throw unknownStep();
  if (answer !== null && !row.options.includes(optionMark(deps, answer)))
    throw invalidField('$.answer', 'value is not one of the options', 'inclusion');
  return row as unknown as Step;
}

/** Two answers at once: one of them finds the question answered. */
async function useUp(transaction: MpiTransaction, { step_hash }: Step): Promise<void> {
  const used = await transaction
    .deleteFrom('mpi.search_dialogues')
    .where('step_hash', '=', step_hash)
    .executeTakeFirst();
  if (used.numDeletedRows === 0n) throw unknownStep();
}

function unknownStep() {
  return notFound(
    'The question is not open: it was answered, is too old, or was asked somebody else.',
    'search_step_unknown',
  );
}

async function nextOutcome(
  deps: MpiDeps,
  { attribute, asked, questions, candidates: ids }: Step,
  answer: string | null,
): Promise<Outcome> {
  if (answer === null) return { result: 'none' };
  const persons = await readable(deps, () => openPersons(deps, deps.db, ids));
  const left = [...persons].filter(([, person]) => trueAnswer(person, attribute) === answer);
  if (left.length === 0) return { result: 'none', wrong_answer: true };
  if (left.length === 1) return { result: 'found', person_id: left[0]![0] };
  if (questions >= most_questions) return { result: 'too_many' };
  const candidates = left.map(([id, person]) => ({ id, person, is_certain: false }));
  return ask(deps, candidates, [...asked, attribute], questions + 1);
}

/** Stores what the step came to, with budgets and canaries, in one transaction. */
async function settle(
  deps: MpiDeps,
  transaction: MpiTransaction,
  searcher: Searcher,
  outcome: Outcome,
  answered?: Step,
): Promise<SearchAnswer> {
  const { answer, stored } = rememberedAs(deps, searcher, outcome);
  const is_wrong = outcome.result === 'none' && outcome.wrong_answer === true;
  if (is_wrong)
    await raiseCanary(transaction, searcher, 'wrong_answer', answered && [...answered.asked, answered.attribute]);
  await addUse(deps, transaction, searcher, useOf(outcome, answered !== undefined, is_wrong), stored);
  return answer;
}

function useOf({ result }: Outcome, is_reply: boolean, is_wrong: boolean): Use {
  const unanswered = Number(result === 'question') - Number(is_reply);
  if (result === 'found') return { unanswered, found: 1, unused: 1 };
  if (result === 'question') return { unanswered };
  return { unanswered, missed: 1, wrong: Number(is_wrong) };
}

/** The answer, and what is to be kept of it: written with the budgets in one statement. */
function rememberedAs(
  deps: MpiDeps,
  { actor_id, client_id }: Searcher,
  outcome: Outcome,
): { answer: SearchAnswer; stored?: RawBuilder<unknown> } {
  const { token, hash } = newOneUse();
  const expires_at = new Date(deps.clock.now().getTime() + patience_ms).toISOString();
  if (outcome.result === 'found') {
    const stored = sql`
      insert into mpi.search_handles (handle_hash, person_id, actor_id, client_id, expires_at)
      values (${hash}, ${outcome.person_id}, ${actor_id}, ${client_id}, ${expires_at})`;
    return { answer: { result: 'found', handle: token }, stored };
  }
  if (outcome.result !== 'question') return { answer: { result: outcome.result } };
  const { asked, number, candidates, question } = outcome;
  const { attribute, options } = question;
  const marks = options.map((option) => optionMark(deps, option));
  const stored = sql`
    insert into mpi.search_dialogues (step_hash, actor_id, client_id, attribute, asked, questions, expires_at, options, candidates)
    values (${hash}, ${actor_id}, ${client_id}, ${attribute}, ${asked}, ${number}, ${expires_at}, ${marks},
      ${candidates.map(({ id }) => id)})`;
  return { answer: { result: 'question', dialogue: token, attribute, options }, stored };
}

function optionMark({ search }: MpiDeps, option: string): string {
  return mark(search.keys.marks, ['option', option]);
}
