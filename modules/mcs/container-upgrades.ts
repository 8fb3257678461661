import { sql } from 'kysely';
import type { McsDeps, Resource } from './deps.ts';

/** A container that waits for its upgrade, lent to whoever asked. */
export type DueUpgrade = Resource & {
  object_id: string;
  person_id: string | null;
  /** When the container was first received. */
  received_at: string;
  /** How often it was lent, this time included. */
  attempts: number;
  /** Time-stamp tokens that an earlier attempt got. */
  time_stamps: Buffer[];
};

/** How an upgrade ended: with a level, or with a reason why there will be none. */
export type UpgradeOutcome = { level: 'B-T' | 'B-LT' } | { refusal: string };

/**
 * Lends containers whose upgrade is due, the longest waiting first. What is not settled or postponed within `lease_s` is
 * lent again: whoever had it has died. Several may ask at once; each gets others.
 */
export async function lendDueUpgrades(
  { db, clock }: McsDeps,
  { limit, lease_s }: { limit: number; lease_s: number },
): Promise<DueUpgrade[]> {
  const now = clock.now();
  const { rows } = await sql<DueUpgrade>`
    update mcs.container_upgrades upgrade set due_at = ${new Date(now.getTime() + lease_s * 1000).toISOString()}, attempts = attempts + 1
    from (
      select object_id from mcs.container_upgrades where due_at <= ${now.toISOString()}
      order by due_at limit ${limit} for update skip locked
    ) due, mcs.objects object
    where upgrade.object_id = due.object_id and object.id = due.object_id
    returning object.id as object_id, object.resource_type, object.resource_id, object.person_id, object.stored_at as received_at,
      upgrade.attempts, upgrade.time_stamps`.execute(db);
  return rows;
}

/** Keeps the time-stamps of a container's signatures: they prove the time, also when the rest has to wait. */
export async function keepTimeStamps(
  { db }: McsDeps,
  { object_id, time_stamps }: { object_id: string; time_stamps: readonly Uint8Array[] },
): Promise<void> {
  await sql`
    update mcs.container_upgrades set time_stamps = ${time_stamps.map((token) => Buffer.from(token))}::bytea[]
    where object_id = ${object_id}`.execute(db);
}

/** Gives a container back until then. */
export async function postponeUpgrade(
  { db }: McsDeps,
  { object_id, until }: { object_id: string; until: Date },
): Promise<void> {
  await db
    .updateTable('mcs.container_upgrades')
    .set({ due_at: until.toISOString() })
    .where('object_id', '=', object_id)
    .where('settled_at', 'is', null)
    .execute();
}

/** Ends the matter; what was settled stays as it is. */
export async function settleUpgrade(
  { db, clock }: McsDeps,
  { object_id, ...outcome }: { object_id: string } & UpgradeOutcome,
): Promise<void> {
  await db
    .updateTable('mcs.container_upgrades')
    .set({ ...outcome, due_at: null, settled_at: clock.now().toISOString(), time_stamps: [] })
    .where('object_id', '=', object_id)
    .where('settled_at', 'is', null)
    .execute();
}

/**
 * Puts upgrades that had ended well up again, because the log does not know them: what is stored is taken, and only its
 * leaf is made. @returns whether it had ended.
 */
export async function repeatUpgrade(
  { db, clock }: McsDeps,
  { resource_type, resource_id }: Resource,
): Promise<boolean> {
  const { rows } = await sql`
    update mcs.container_upgrades upgrade set due_at = ${clock.now().toISOString()}, settled_at = null, level = null
    from mcs.objects object
    where object.id = upgrade.object_id and object.resource_type = ${resource_type} and object.resource_id = ${resource_id}
      and object.form = 'signed_content' and upgrade.level is not null
    returning upgrade.object_id`.execute(db);
  return rows.length > 0;
}

export type RefusedUpgrade = Resource & { object_id: string; refusal: string };

/** Containers whose signature was found not to hold, settled since then; the newest first, at most a thousand. */
export async function listRefusedUpgrades({ db }: McsDeps, since: Date): Promise<RefusedUpgrade[]> {
  const { rows } = await sql<RefusedUpgrade>`
    select object.id as object_id, object.resource_type, object.resource_id, upgrade.refusal
    from mcs.container_upgrades upgrade join mcs.objects object on object.id = upgrade.object_id
    where upgrade.refusal <> 'document_erased' and upgrade.settled_at >= ${since.toISOString()}
    order by upgrade.settled_at desc limit 1000`.execute(db);
  return rows;
}
