import { type Job, longest_run_ms, restAfter } from '@zdravo/kit/jobs';
import { Problem } from '@zdravo/kit/problem';
import type { DueUpgrade, UpgradeOutcome } from '@zdravo/mcs';
import type { ProofSources } from '@zdravo/signature';
import type { IlDeps } from '../deps.ts';
import { findUpgrade, type MadeUpgrade, makeUpgrade } from './make-upgrade.ts';

const lent_at_once = 32;
const worked_at_once = 8;
/** Longer than the slowest answers of an authority take together. */
const lease_s = 15 * 60;
const longest_wait_minutes = 6 * 60;

/** Gives signed containers the proofs that outlive certificates; without a time-stamp authority there is none to get. */
export function upgradeJob(deps: IlDeps): Job {
  return {
    name: 'upgrade_signed_containers',
    schedule: '* * * * *',
    run: async (_payload, { signal }) => void (await upgradeDueContainers(deps, signal)),
  };
}

/**
 * Upgrades every container that is due (design.md §4.5): time-stamps, then certificates and revocation data, as a second object
 * with its own leaf in the log. What was received first stays as it is. Each step is safe to repeat; whoever stops leaves the
 * rest to the next. @returns how many were settled.
 */
export async function upgradeDueContainers(deps: IlDeps, signal?: AbortSignal): Promise<number> {
  const { proofs } = deps;
  if (!proofs) return 0;
  const until = performance.now() + longest_run_ms;
  let settled = 0;
  while (performance.now() < until && !signal?.aborted) {
    const lent = await deps.mcs.lendDueUpgrades({ limit: lent_at_once, lease_s });
    settled += await upgradeLent(deps, proofs, lent, signal);
    if (lent.length < lent_at_once) break;
  }
  return settled;
}

/** Eight at a time; while somebody signs one at a time, with rests, so that it takes the smaller part of what is there. */
async function upgradeLent(
  deps: IlDeps,
  proofs: ProofSources,
  lent: readonly DueUpgrade[],
  signal: AbortSignal | undefined,
): Promise<number> {
  let settled = 0;
  for (let at = 0; at < lent.length && !signal?.aborted; ) {
    const began = performance.now();
    const together = lent.slice(at, at + (deps.signing.isBusy() ? 1 : worked_at_once));
    at += together.length;
    const outcomes = await Promise.all(together.map((due) => attempt(deps, proofs, due)));
    settled += outcomes.filter((outcome) => outcome === 'settled').length;
    if (deps.signing.isBusy()) await restAfter(began);
  }
  return settled;
}

async function attempt(deps: IlDeps, proofs: ProofSources, due: DueUpgrade): Promise<'settled' | 'postponed'> {
  const { object_id, resource_type, resource_id } = due;
  try {
    const made = (await findUpgrade(deps, due)) ?? (await makeUpgrade(deps, proofs, due));
    if ('postponed' in made) return await postpone(deps, due, made.postponed);
    await deps.mcs.settleUpgrade({ object_id, ...('refusal' in made ? made : await store(deps, due, made)) });
    if ('refusal' in made)
      deps.log.error({ resource_type, resource_id, reason: made.refusal }, 'a signed container does not hold any more');
    return 'settled';
  } catch (error) {
    if (isErased(error)) {
      await deps.mcs.settleUpgrade({ object_id, refusal: 'document_erased' });
      return 'settled';
    }
    return await postpone(deps, due, error);
  }
}

/** The second object, under the key of the same person, and its leaf. Another's upgrade that was faster is the one. */
async function store(deps: IlDeps, due: DueUpgrade, made: MadeUpgrade): Promise<UpgradeOutcome> {
  const { resource_type, resource_id, person_id } = due;
  const resource = { resource_type, resource_id, form: 'signed_content.upgraded' as const };
  const stored = await deps.mcs.storeSignedContainer({ ...resource, container: made.container, sha256: made.sha256 });
  if (stored.sha256 !== made.sha256) throw new Error('Another upgrade of the container was stored meanwhile');
  if (person_id !== null) await deps.mcs.assignPerson({ resource_ids: [resource_id], person_id });
  await log(deps, due, made);
  return { level: made.level };
}

/** A declaration's own leaf commits to the container as received; that of anything else is committed to here, if it was not yet. */
async function log({ ops, mcs }: IlDeps, due: DueUpgrade, { sha256, level }: MadeUpgrade): Promise<void> {
  const { resource_type, resource_id } = due;
  const params = { id: resource_id };
  const context = { request_id: `upgrade-container-${due.object_id}` };
  if (resource_type === 'declaration') {
    await ops.putContainerUpgrade({ params, body: { sha256, level } }, context);
    return;
  }
  const received = (await mcs.findSignedContainer({ resource_type, resource_id }))!;
  await ops.putSignedDocument({ params, body: { type: resource_type, sha256: received.sha256 } }, context);
  await ops.putDocumentUpgrade({ params, body: { sha256, level } }, context);
}

async function postpone(deps: IlDeps, due: DueUpgrade, why: unknown): Promise<'postponed'> {
  const { object_id, resource_type, resource_id, attempts } = due;
  const minutes = Math.min(2 ** attempts, longest_wait_minutes);
  const until = new Date(deps.clock.now().getTime() + minutes * 60_000);
  const reason = why instanceof Error ? { err: why } : { reason: why };
  deps.log.warn({ ...reason, resource_type, resource_id, attempts }, 'a signed container cannot be upgraded yet');
  await deps.mcs.postponeUpgrade({ object_id, until });
  return 'postponed';
}

function isErased(error: unknown): boolean {
  return error instanceof Problem && (error.code === 'document_erased' || error.code === 'person_erased');
}
