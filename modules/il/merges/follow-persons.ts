import { randomUUID } from 'node:crypto';
import { type Consumer, createConsumer, type Event } from '@zdravo/kit/events';
import type { IlDeps } from '../deps.ts';
import { followErasure } from '../erasures/carry-out.ts';
import { keepCanary } from '../persons/canaries.ts';
import { system_actor_id } from '../system-actor.ts';
import type { Tables } from '../tables.ts';

type MergeDeps = Pick<IlDeps, 'db' | 'log' | 'mpi' | 'ops'>;

/**
 * Merges as a process over two perimeters: the patient index proposes, Operations is asked whether anything stands
 * against it, and follows when it is done or taken back. Every call is safe to repeat, so that an event whose effect
 * was not remembered takes effect once.
 */
export function followPersons(deps: MergeDeps): Consumer {
  return createConsumer<Tables>({
    feed: (query) => deps.mpi.readEvents({ query }, { request_id: 'feed-merges' }),
    feed_name: 'merges',
    db: deps.db,
    schema: 'il',
    types: new Set(['search.canary', 'person.merge_proposed', 'person.merged', 'person.unmerged', 'person.erased']),
    handle: (transaction, event) =>
      event.type === 'search.canary' ? keepCanary(transaction, event) : handlePersonEvent(deps, event),
    log: deps.log,
  });
}

async function handlePersonEvent(deps: MergeDeps, event: Event): Promise<void> {
  if (event.type === 'person.merge_proposed') return answerProposal(deps, event);
  if (event.type === 'person.merged') return followMerge(deps, event);
  if (event.type === 'person.unmerged') return followUnmerge(deps, event);
  if (event.type === 'person.erased') return followErasure(deps, event, contextOf(event));
}

type Proposed = { parent_id: string; merged_id: string; reason: 'automatic' | 'reviewed' };

/** Two living declarations: no machine may choose which of them ends. People who agreed on the merge have chosen. */
async function answerProposal(deps: MergeDeps, event: Event): Promise<void> {
  const { parent_id, merged_id, reason } = event.payload as Proposed;
  const living = reason === 'reviewed' ? [] : await Promise.all([parent_id, merged_id].map((id) => isLiving(deps, id)));
  const answer = living.length === 2 && living.every(Boolean) ? 'conflict' : 'clear';
  await deps.mpi.putMergeAnswer({ params: { id: event.object_id }, body: { answer } }, contextOf(event));
}

async function isLiving({ ops }: MergeDeps, person_id: string): Promise<boolean> {
  for (const status of ['active', 'pending_verification'] as const) {
    const query = { person_id, status, page_size: 1 };
    const { declarations } = await ops.listDeclarations({ query }, { request_id: 'merges' });
    if (declarations.length > 0) return true;
  }
  return false;
}

type Merged = { parent_id: string; parent_pseudonym: string };

async function followMerge({ ops }: MergeDeps, event: Event): Promise<void> {
  const { parent_id, parent_pseudonym } = event.payload as Merged;
  const body = { parent_id, parent_pseudonym, actor_id: system_actor_id };
  await ops.putPersonAlias({ params: { id: event.object_id }, body }, contextOf(event));
}

type Unmerged = {
  from_parent_id: string;
  /** Of those who were merged into the restored person: that person. */
  parent_id: string | null;
  pseudonym: string;
  restored_pseudonym: string | null;
};

/** What a merge ended stays ended, and what was signed meanwhile stays where it is: people hear of both. */
async function followUnmerge(deps: MergeDeps, event: Event): Promise<void> {
  const { from_parent_id, parent_id, pseudonym, restored_pseudonym } = event.payload as Unmerged;
  const id = event.object_id;
  const context = contextOf(event);
  const parted = await deps.ops.putPersonAliasRemoval(
    { params: { id }, body: { from_parent_id, pseudonym, actor_id: system_actor_id } },
    context,
  );
  if (parent_id !== null && restored_pseudonym !== null) {
    const body = { parent_id, parent_pseudonym: restored_pseudonym, actor_id: system_actor_id };
    await deps.ops.putPersonAlias({ params: { id }, body }, context);
  }
  const persons: [string, string] = [from_parent_id, parent_id ?? id];
  const questions = { ended_declaration: parted.ended, signed_meanwhile: parted.signed_meanwhile };
  for (const kind of ['ended_declaration', 'signed_meanwhile'] as const) {
    const declaration_ids = questions[kind];
    if (declaration_ids.length === 0) continue;
    const body = { kind, persons, declaration_ids: declaration_ids.slice(0, 100) };
    await deps.mpi.putReviewQuestion({ params: { id: randomUUID() }, body }, context);
  }
}

function contextOf(event: Event) {
  return { request_id: `merges-${event.id}`, actor_id: system_actor_id, purpose: 'merge' };
}
