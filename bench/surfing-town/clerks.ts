import { randomInt, randomUUID } from 'node:crypto';
import { Problem } from '@zdravo/kit/problem';
import type { Person } from '@zdravo/mpi/contract';
import type { SearchAnswer, SearchQuery } from '@zdravo/mpi/search-contract';
import { answersOf } from './residents.ts';
import { contextOf } from './surf.ts';
import { type Desk, openDesk, type Town } from './town.ts';

export type Service = { visits: number; reached: number; reached_without_question: number; locked_clerks: number };

const visits_of_a_clerk = 100;
/** Of a hundred visits: the clerk mistypes the family name; the patient is not registered yet. */
const mistyped = 5;
const newcomers = 5;

/** Clerks of several clinics with the patient before them: names and day of birth, answers as the patient gives them. */
export async function serve(town: Town, clerks: number): Promise<Service> {
  const desk = await openDesk(town, {});
  const service = { visits: 0, reached: 0, reached_without_question: 0, locked_clerks: 0 };
  try {
    for (let clerk = 0; clerk < clerks; clerk += 1) await oneClerk(desk, town, service);
    return service;
  } finally {
    await desk.close();
  }
}

async function oneClerk(desk: Desk, { residents }: Town, service: Service): Promise<void> {
  const context = contextOf(randomUUID());
  for (let visit = 0; visit < visits_of_a_clerk; visit += 1) {
    const { id, person } = residents[randomInt(residents.length)]!;
    const is_newcomer = randomInt(100) < newcomers;
    const patient = is_newcomer ? { ...person, last_name: `${person.last_name}цько` } : person;
    try {
      const { answer, questions } = await lookFor(desk, patient, context);
      if (is_newcomer) continue;
      service.visits += 1;
      const is_reached = answer.result === 'found' && (await read(desk, answer.handle, context)) === id;
      service.reached += Number(is_reached);
      service.reached_without_question += Number(is_reached && questions === 0);
    } catch (error) {
      if (!(error instanceof Problem && error.status === 429)) throw error;
      service.locked_clerks += 1;
      return;
    }
  }
}

type Context = ReturnType<typeof contextOf>;

/** With names and day of birth first; once more, spelt with care, when nobody was found. */
async function lookFor(desk: Desk, patient: Person, context: Context) {
  const asked = await ask(desk, patient, typed(patient), context);
  if (asked.answer.result === 'found') return asked;
  const again = await ask(desk, patient, queryOf(patient, patient.last_name), context);
  return { answer: again.answer, questions: asked.questions + again.questions };
}

async function ask(desk: Desk, patient: Person, query: SearchQuery, context: Context) {
  let answer: SearchAnswer = await desk.client.startSearch({ body: query }, context);
  let questions = 0;
  while (answer.result === 'question') {
    const { dialogue, attribute, options } = answer;
    const truths = answersOf(patient, attribute);
    const body = { dialogue, answer: options.find((option) => truths.includes(option)) ?? null };
    answer = await desk.client.replyToSearch({ body }, context);
    questions += 1;
  }
  return { answer, questions };
}

function typed(patient: Person): SearchQuery {
  const { last_name } = patient;
  if (randomInt(100) >= mistyped) return queryOf(patient, last_name);
  const at = 1 + randomInt(last_name.length - 1);
  return queryOf(patient, last_name.slice(0, at) + last_name.slice(at + 1));
}

function queryOf({ first_name, second_name, birth_date }: Person, last_name: string): SearchQuery {
  return { first_name, last_name, birth_date, ...(second_name ? { second_name } : {}) };
}

async function read(desk: Desk, handle: string, context: Context): Promise<string> {
  const { person_id } = await desk.client.openHandle({ body: { handle } }, context);
  await desk.client.readByHandle({ body: { handle } }, context);
  return person_id;
}
