import { retryOnConflict } from '@zdravo/kit/db';
import type { PersonWritten } from '../contract.ts';
import type { Asker, MpiDeps } from '../deps.ts';
import { readGenerationsLine } from '../indexes/generations.ts';
import { readable } from '../vault/unreadable.ts';
import { type LivingHead, living, lockHead } from './heads.ts';
import { idLock, withLocks } from './locks.ts';
import { phoneTokensAround } from './phone-fanout.ts';
import { openPersons } from './read-versions.ts';
import { type Source, type WriteContext, writeVersion } from './write-version.ts';

/**
 * Forgets how the person proves consent: the next declaration establishes it anew. The same reset twice is one.
 * @throws Problem 404, 410, 503.
 */
export async function resetAuthenticationMethod(
  deps: MpiDeps,
  id: string,
  reset_id: string,
  asker: Asker,
): Promise<PersonWritten> {
  const source = { type: 'authentication_method_reset', id: reset_id };
  return readable(deps, () =>
    retryOnConflict(() =>
      withLocks(
        deps,
        async ({ serving }) => [idLock(id), ...(await phoneTokensAround(deps.db, serving.key_id, [id]))],
        async (transaction, generations, held) => {
          held.confirm(await readGenerationsLine(transaction));
          const head = living(await lockHead(transaction, id));
          const context = { deps, transaction, generations, held };
          return (await findReset(context, head, source)) ?? reset(context, head, { source, written_as: id, asker });
        },
      ),
    ),
  );
}

async function findReset(
  { transaction }: WriteContext,
  head: LivingHead,
  source: Source,
): Promise<PersonWritten | undefined> {
  const row = await transaction
    .selectFrom('mpi.person_versions')
    .select('version')
    .where('person_id', '=', head.id)
    .where('source_type', '=', source.type)
    .where('source_id', '=', source.id)
    .executeTakeFirst();
  return row && { id: head.id, pseudonym: head.pseudonym, created: false, version: row.version };
}

async function reset(
  context: WriteContext,
  head: LivingHead,
  written: { source: Source; written_as: string; asker: Asker },
): Promise<PersonWritten> {
  const persons = await openPersons(context.deps, context.transaction, [head.id]);
  const person = { ...persons.get(head.id)!, authentication_methods: [{ type: 'NA' as const }] };
  return writeVersion(context, head, { ...written, person });
}
