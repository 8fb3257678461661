import type { PersonState } from '@zdravo/mpi/contract';
import { forIndex } from '../declaration-requests/authentication.ts';
import { system_actor_id } from '../system-actor.ts';
import type { Run } from './run.ts';
import type { SignedContent } from './stored-content.ts';

/** Of each id: who lives there, and whether the index has what the source brought. */
export async function personStates(
  { deps, context }: Run,
  persons: { id: string; source_id: string }[],
): Promise<Map<string, PersonState>> {
  const states = await deps.mpi.findPersonStates({ body: { persons } }, context);
  return new Map(states.map((one) => [keyOf({ id: one.id, source_id: one.source_id }), one]));
}

export function keyOf({ id, source_id }: { id: string; source_id: string }): string {
  return `${id} ${source_id}`;
}

/** Tells the index once more what a declaration brought. */
export function putPersonAgain(
  { deps, context }: Run,
  { id, source_id, pseudonym }: { id: string; source_id: string; pseudonym?: string },
  { person }: SignedContent,
) {
  const source = { type: 'declaration_request', id: source_id };
  const body = { person: forIndex(person), source, ...(pseudonym === undefined ? {} : { pseudonym }) };
  return deps.mpi.putPerson({ params: { id }, body }, context);
}

/** Operations follows a person to the id and the pseudonym under which the index knows them. */
export function putAlias(
  { deps, context }: Run,
  id: string,
  parent: { id: string; pseudonym: string },
): Promise<unknown> {
  const body = { parent_id: parent.id, parent_pseudonym: parent.pseudonym, actor_id: system_actor_id };
  return deps.ops.putPersonAlias({ params: { id }, body }, context);
}
