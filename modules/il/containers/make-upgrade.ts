import { createHash } from 'node:crypto';
import type { DueUpgrade } from '@zdravo/mcs';
import {
  one_signature,
  type ProofSources,
  type SignaturePolicy,
  upgradeChecked,
  type VerificationResult,
} from '@zdravo/signature';
import type { IlDeps } from '../deps.ts';

export type MadeUpgrade = { container: Buffer; sha256: string; level: 'B-T' | 'B-LT' };

/** Proofs of the status must be younger than the signature: an older list cannot know what happened to the key since. */
const policy: SignaturePolicy = { ...one_signature, revocation: 'if_available', revocation_freshness_s: 0 };

/** After so many days without revocation data the time-stamp alone is kept. */
const patience_days = 7;

/** The upgrade that is stored already, when an attempt stopped after that or a row was lost. @throws Problem 410, 503 */
export async function findUpgrade(deps: IlDeps, due: DueUpgrade): Promise<MadeUpgrade | undefined> {
  const { resource_type, resource_id } = due;
  const resource = { resource_type, resource_id, form: 'signed_content.upgraded' as const };
  if (!(await deps.mcs.recoverSignedContainer(resource))) return undefined;
  const { container, sha256 } = await deps.mcs.readSignedContainer(resource);
  const { result } = await check(deps, due, container);
  const level = levelOf(result);
  if (level === 'B-B') throw new Error('A stored upgrade is none');
  return { container, sha256, level };
}

/**
 * Time-stamps, certificates and revocation data for a container as first received. The time-stamps are kept as soon as they are
 * there. @throws Problem 410 when the person was erased; Error when nobody gives a time-stamp.
 */
export async function makeUpgrade(
  deps: IlDeps,
  proofs: ProofSources,
  due: DueUpgrade,
): Promise<MadeUpgrade | { postponed: string } | { refusal: string }> {
  const { resource_type, resource_id } = due;
  const { container } = await deps.mcs.readSignedContainer({ resource_type, resource_id });
  const sources = { ...proofs, timeStamp: keepingTimeStamps(deps, proofs, due) };
  const { container: upgraded, result } = await upgradeChecked(container, (one) => check(deps, due, one), sources);
  if (result.indication !== 'TOTAL_PASSED') return refusalOf(deps, due, result);
  const level = levelOf(result);
  if (level === 'B-B') {
    await deps.mcs.keepTimeStamps({ object_id: due.object_id, time_stamps: [] });
    return { postponed: 'time_stamp_not_believed' };
  }
  if (level === 'B-T' && !isLate(deps, due)) return { postponed: 'revocation_unknown' };
  const bytes = Buffer.from(upgraded);
  return { container: bytes, sha256: createHash('sha256').update(bytes).digest('hex'), level };
}

function check({ signatures }: IlDeps, { received_at }: DueUpgrade, container: Uint8Array) {
  return signatures.verifyAndList(container, policy, { at: new Date(received_at) });
}

/** Asks for a token once: the earliest is the best proof. */
function keepingTimeStamps(deps: IlDeps, proofs: ProofSources, due: DueUpgrade): ProofSources['timeStamp'] {
  const kept = [...due.time_stamps];
  return async (signature, digest_algorithm, index) => {
    const known = kept[index];
    if (known) return known;
    const token = Buffer.from(await proofs.timeStamp(signature, digest_algorithm, index));
    kept[index] = token;
    const are_all_there = !kept.includes(undefined as never);
    if (are_all_there) await deps.mcs.keepTimeStamps({ object_id: due.object_id, time_stamps: kept });
    return token;
  };
}

/**
 * A revocation before reception stands: people must look at it. Anything else may be a matter of today's trust list or
 * responder, and is tried again for a while.
 */
function refusalOf(deps: IlDeps, due: DueUpgrade, { sub_indication = 'GENERIC' }: VerificationResult) {
  const is_revoked = sub_indication === 'REVOKED_NO_POE' || sub_indication === 'REVOKED_CA_NO_POE';
  return is_revoked || isLate(deps, due) ? { refusal: sub_indication } : { postponed: sub_indication };
}

function isLate({ clock }: IlDeps, { received_at }: DueUpgrade): boolean {
  return clock.now().getTime() - Date.parse(received_at) > patience_days * 86_400_000;
}

/** The lowest level of any of its signatures. */
function levelOf({ signatures }: VerificationResult): 'B-B' | 'B-T' | 'B-LT' {
  const levels = signatures.map(({ level }) => level);
  if (levels.length === 0 || levels.includes('B-B')) return 'B-B';
  return levels.includes('B-T') ? 'B-T' : 'B-LT';
}
