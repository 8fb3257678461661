import { malformed } from '@zdravo/kit/problem';
import type { PersonRead } from '../contract.ts';
import type { Asker, MpiDeps } from '../deps.ts';
import { openPerson } from '../vault/seal.ts';
import { readable } from '../vault/unreadable.ts';
import { type LivingHead, living } from './heads.ts';
import type { FoundPerson } from './person-lookup.ts';
import { present } from './read-versions.ts';

/**
 * The whole person; the id of a merged one reaches the parent. The answer leaves when its audit row is durable.
 * @throws Problem 400 without a purpose, 404, 410 for an erased person, 503 when keys fail.
 */
export async function getPerson(deps: MpiDeps, id: string, asker: Asker, looks = 2): Promise<PersonRead> {
  if (asker.purpose === null) throw malformed('Reading a person needs a purpose.', 'purpose_required');
  const found = living(await deps.persons.find(id)) as LivingHead & FoundPerson;
  const [key] = await Promise.all([
    readable(deps, () => deps.keys.find(found.id)),
    recordRead(deps, 'person.read', [found.id], asker),
  ]);
  // Erased or merged in between: the second look tells which.
  if ((!key || !found.ciphertext) && looks > 1) return getPerson(deps, id, asker, looks - 1);
  if (!found.ciphertext) throw new Error('The present version of a living person is missing.');
  const { pseudonym, version, merged_ids } = found;
  const place = { person_id: found.id, version };
  const person = await readable(deps, async () => openPerson(present(key), place, found));
  return { id: found.id, requested_id: id, pseudonym, version, is_active: true, merged_ids, person };
}

/** Audit rows of a read: one per person reached, or one that says that nobody was. */
export async function recordRead(
  deps: Pick<MpiDeps, 'read_audit'>,
  action: string,
  ids: readonly string[],
  asker: Asker,
): Promise<void> {
  const rows = (ids.length > 0 ? ids : [null]).map((resource_id) => ({
    ...asker,
    action,
    resource: 'person',
    resource_id,
  }));
  await Promise.all(rows.map((row) => deps.read_audit.record(row)));
}
