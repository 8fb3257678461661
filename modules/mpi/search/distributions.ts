import { openEnvelope, sealEnvelope } from '@zdravo/kit/keys';
import { sql } from 'kysely';
import type { Person } from '../contract.ts';
import type { MpiDeps } from '../deps.ts';
import { recordRead } from '../persons/get-person.ts';
import { openPersons } from '../persons/read-versions.ts';
import { attributes, trueAnswer } from './answers.ts';
import type { QuestionAttribute } from './contract.ts';

/** How common each answer to a question is, the answers in a fixed order. */
export type Distribution = readonly { answer: string; count: number }[];
export type Distributions = Record<QuestionAttribute, Distribution>;

const sample_size = 2_000;
const least_persons = 500;
/** An answer of fewer of the sample names nobody, but it is not common enough to hide among either. */
const least_count = 2;
const valid_days = 90;
const label = Buffer.from('mpi answer distributions');

/**
 * The frequencies that decoys are drawn from: of a sample of the real persons, kept for ninety days; the country's own
 * until there are enough of them. Were they drawn
 * from other figures tomorrow, two answers to the same query would tell the decoys from the truth.
 */
export async function readDistributions(deps: MpiDeps): Promise<Distributions> {
  const row = await newest(deps);
  if (!row) return deps.search.first_distributions();
  return JSON.parse(openEnvelope(deps.search.keys.seal, row.sealed, label).toString()) as Distributions;
}

function newest({ db, search }: MpiDeps) {
  return db
    .selectFrom('mpi.answer_distributions')
    .select(['made_at', 'sealed'])
    .where('key_id', '=', search.keys.key_id)
    .orderBy('made_at', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Makes the first distributions once there are persons enough, and new ones when the old are ninety days old. */
export async function refreshDistributions(deps: MpiDeps): Promise<void> {
  const last = await newest(deps);
  const now = deps.clock.now();
  if (last && now.getTime() - Date.parse(last.made_at) < valid_days * 86_400_000) return;
  const { rows } = await sql<{ id: string }>`
    select id from mpi.persons where status = 'active' order by hashtext(id::text) limit ${sample_size}`.execute(
    deps.db,
  );
  if (rows.length < least_persons) return;
  const ids = rows.map((row) => row.id);
  const persons = await openPersons(deps, deps.db, ids);
  await recordRead(deps, 'person.sample', ids, system_asker);
  const counted = distributionsOf(persons.values());
  const sealed = sealEnvelope(deps.search.keys.seal, Buffer.from(JSON.stringify(counted)), label);
  await deps.db
    .insertInto('mpi.answer_distributions')
    .values({ made_at: now.toISOString(), key_id: deps.search.keys.key_id, sealed })
    .execute();
}

const system_asker = { request_id: 'sample-answers', actor_id: null, client_id: null, purpose: 'decoys' };

/** How common each answer is among these persons. */
export function distributionsOf(persons: Iterable<Person>): Distributions {
  const list = [...persons];
  return Object.fromEntries(
    attributes.map(({ name }) => [name, count(list.map((person) => trueAnswer(person, name)))]),
  ) as Distributions;
}

function count(answers: readonly string[]): Distribution {
  const counts = new Map<string, number>();
  for (const answer of answers) if (answer !== '') counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return [...counts]
    .filter(([, number]) => number >= least_count)
    .map(([answer, number]) => ({ answer, count: number }))
    .sort((one, other) => (one.answer < other.answer ? -1 : 1));
}
