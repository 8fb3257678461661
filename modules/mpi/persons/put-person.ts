import { randomUUID } from 'node:crypto';
import { retryOnConflict } from '@zdravo/kit/db';
import { createGroupCommit } from '@zdravo/kit/groups';
import { Problem } from '@zdravo/kit/problem';
import type { Person, PersonWritten } from '../contract.ts';
import type { Asker, MpiDeps } from '../deps.ts';
import type { LiveGenerations } from '../indexes/generations.ts';
import { readable } from '../vault/unreadable.ts';
import { acceptPerson } from './accept-person.ts';
import { decidingTokens } from './deciding-tokens.ts';
import { idLock, type Lock, withLocksInFewTrips } from './locks.ts';
import { type Putting, putGroup, situationQuery } from './put-group.ts';
import type { Situation } from './situation.ts';
import type { Source } from './write-version.ts';

export type PutPerson = (
  id: string,
  body: { person: Person; source: Source; pseudonym?: string },
  asker: Asker,
) => Promise<PersonWritten>;

/** Each locks some five rows of the server's lock table; four groups at once leave most of its 6,400 to others. */
const largest_group = 32;

/**
 * Creates a person under the caller's id, or updates the one who lives there or who is known by the same identity
 * keys. Sixty-four callers with sixty-four ids for one new person leave one person. Who comes at once is written in one
 * transaction, unless they share an id, an identity key, a tax number or a telephone: those follow each other.
 * The function throws Problem 422 for impossible data, 409 when the person was erased.
 */
export function createPutPerson(deps: MpiDeps): PutPerson {
  const group = createGroupCommit<Putting & { meets: string[] }, PersonWritten | Problem>({
    write: (puts) => putTogether(deps, puts),
    keysOf: ({ meets }) => meets,
    largest_group,
  });
  return async (id, body, asker) => {
    const person = acceptPerson(body.person, deps.clock);
    const { source, pseudonym = randomUUID() } = body;
    const put = { person, source, pseudonym, written_as: id, asker };
    const meets = locksFor(deps.generations.current(), put).map(String);
    const outcome = await readable(deps, () => group.run({ ...put, meets }));
    if (outcome instanceof Problem) throw outcome;
    return outcome;
  };
}

function putTogether(deps: MpiDeps, puts: readonly Putting[]): Promise<(PersonWritten | Problem)[]> {
  return retryOnConflict(() =>
    withLocksInFewTrips(deps, {
      locksOf: (generations) => puts.flatMap((put) => locksFor(generations, put)),
      look: ({ serving }) => [situationQuery(serving, puts).compile(deps.db)],
      write: ([rows], under) => putGroup({ deps, ...under }, puts, rows![0] as Situation),
    }),
  );
}

/** The id and all that the data say. Telephones that somebody loses by the write are learnt when they are met. */
function locksFor({ written }: LiveGenerations, { person, written_as }: Putting): Lock[] {
  const tokens = written.flatMap((maker) => {
    const { identity, tax_ids, phones } = decidingTokens(maker, person);
    return [...identity.map(({ token }) => token), ...tax_ids, ...phones];
  });
  return [idLock(written_as), ...tokens];
}
