import type { Asker } from '../deps.ts';
import { claimIdentityKeys } from '../indexes/index-rows.ts';
import type { LivingHead } from '../persons/heads.ts';
import { type OpenedVersion, versionsOf } from '../persons/read-versions.ts';
import { type WriteContext, writeVersion } from '../persons/write-version.ts';

export type Division = {
  /** Those whom the leaving person was merged into, nearest first: the last is the root. */
  left: readonly string[];
  /** Ids whose writings leave. */
  leaving: readonly string[];
  restored: LivingHead;
  merged_at: string;
  asker: Asker;
};

/**
 * Divides what was written while two were one, by the id under which it was written: the leaving person gets their
 * writings as versions of their own, those whom they leave fall back to the last writing that is theirs.
 * @returns whether anything else was written to the parents since the merge, which people should look at.
 */
export async function divideHistory(context: WriteContext, division: Division): Promise<boolean> {
  const { left, leaving, restored, merged_at, asker } = division;
  const taken: OpenedVersion[] = [];
  let edited = false;
  for (const id of left) {
    const versions = await versionsOf(context.deps, context.transaction, id);
    const leave = versions.filter(({ written_as }) => leaving.includes(written_as ?? id));
    const stay = versions.filter((version) => !leave.includes(version));
    if (leave.length > 0) await takeAway(context, { id, leave, stay, asker });
    taken.push(...leave);
    edited ||= stay.some(({ recorded_at }) => recorded_at > merged_at);
  }
  taken.sort((one, other) => (one.recorded_at < other.recorded_at ? -1 : 1));
  let head = restored;
  for (const version of taken) head = await rewrite(context, head, version, asker);
  for (const { person } of taken)
    await claimIdentityKeys(context.transaction, context.generations, restored.id, person);
  return edited;
}

type Taking = { id: string; leave: OpenedVersion[]; stay: OpenedVersion[]; asker: Asker };

/** The parent's identity keys become those of what stays; if the last word was the leaving person's, it is taken back. */
async function takeAway(context: WriteContext, { id, leave, stay, asker }: Taking): Promise<void> {
  const { transaction, generations } = context;
  await transaction.deleteFrom('mpi.identity_keys').where('person_id', '=', id).execute();
  for (const { person } of stay) await claimIdentityKeys(transaction, generations, id, person);
  const last = stay.at(-1);
  if (!last || last.version > leave.at(-1)!.version) return;
  const { version, pseudonym } = await transaction
    .selectFrom('mpi.persons')
    .select(['version', 'pseudonym'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  await rewrite(context, { id, version, pseudonym: pseudonym! }, last, asker);
}

type Rewritable = Pick<LivingHead, 'id' | 'version' | 'pseudonym'>;

/** An earlier version once more, with its source and the id it was written under. */
async function rewrite<Head extends Rewritable>(
  context: WriteContext,
  head: Head,
  { person, source_type, source_id, written_as }: OpenedVersion,
  asker: Asker,
): Promise<Head> {
  const written = { person, source: { type: source_type, id: source_id }, written_as: written_as ?? head.id, asker };
  const { version } = await writeVersion(context, head, written);
  return { ...head, version };
}
