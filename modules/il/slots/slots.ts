import { byteArray, lockName } from '@zdravo/kit/db';
import { fieldRule, validationFailed } from '@zdravo/kit/problem';
import type { Employee } from '@zdravo/prm';
import { sql } from 'kysely';
import type { IlDeps, IlTransaction } from '../deps.ts';
import type { ParameterName } from '../parameters/defaults.ts';
import { personHashOf } from '../person-hash.ts';

export type Slot = {
  party_id: string;
  person_hmac: Buffer;
  phone_hmac: Buffer | null;
  employee_id: string;
  declaration_request_id: string;
  declaration_id: string;
};

const limit_of: Record<string, ParameterName> = {
  PEDIATRICIAN: 'declaration_limit_pediatrician',
  THERAPIST: 'declaration_limit_therapist',
  FAMILY_DOCTOR: 'declaration_limit_family_doctor',
};

/** How many patients a doctor may have: the least limit of all specialities of all employments (il#3665). */
export async function limitOf(deps: IlDeps, party_id: string): Promise<number> {
  const employments = await deps.prm.listEmployments(party_id, { employee_type: 'DOCTOR', is_active: true });
  const names = new Set(employments.flatMap(specialitiesOf).flatMap((speciality) => limit_of[speciality] ?? []));
  const limits = await Promise.all([...names].map((name) => deps.parameters.number(name)));
  return limits.length === 0 ? 0 : Math.min(...limits);
}

function specialitiesOf(employee: Employee): string[] {
  return (employee.doctor?.specialities ?? []).map((one) => one.speciality);
}

/**
 * Takes a slot under locks on the doctor's party and the telephone, so that of any number of approvals at the limit only the
 * last free slot passes. A patient who is there already is counted once, and passes at the limit, too.
 * @throws Problem 422 when the doctor or the telephone has no room.
 */
export async function takeSlot(
  transaction: IlTransaction,
  slot: Slot,
  limits: { doctor: number; phone: number },
): Promise<void> {
  await lockName(transaction, `party ${slot.party_id}`);
  if (slot.phone_hmac) await lockName(transaction, `phone ${slot.phone_hmac.toString('hex')}`);
  const { rows } = await sql<{ of_doctor: number; on_phone: number }>`
    select (select count(distinct person_hmac) from il.declaration_slots
        where party_id = ${slot.party_id} and person_hmac <> ${slot.person_hmac}) as of_doctor,
      (select count(distinct person_hmac) from il.declaration_slots
        where phone_hmac = ${slot.phone_hmac} and person_hmac <> ${slot.person_hmac}) as on_phone`.execute(transaction);
  const { of_doctor, on_phone } = rows[0]!;
  if (of_doctor >= limits.doctor)
    throw validationFailed([
      fieldRule('$.data', 'This doctor reaches his limit and could not sign more declarations', 'limit', [
        limits.doctor,
      ]),
    ]);
  if (on_phone >= limits.phone)
    throw validationFailed([
      fieldRule('$.data', 'This phone number is present more than allowed in the system', 'limit', [limits.phone]),
    ]);
  await transaction.insertInto('il.declaration_slots').values(slot).execute();
}

/** Whose declarations these are, now that the index has told: a later request of the same person is the same patient's. */
export async function nameSlots(
  transaction: IlTransaction,
  deps: Pick<IlDeps, 'hash_key'>,
  declarations: readonly { id: string; person_id: string }[],
): Promise<void> {
  if (declarations.length === 0) return;
  const ids = declarations.map(({ id }) => id);
  const hmacs = byteArray(declarations.map(({ person_id }) => personHashOf(deps, person_id)));
  await sql`
    update il.declaration_slots slot set person_hmac = named.person_hmac
    from unnest(${ids}::uuid[], ${hmacs}::bytea[]) as named (declaration_id, person_hmac)
    where slot.declaration_id = named.declaration_id and slot.person_hmac <> named.person_hmac`.execute(transaction);
}

/** Frees the slot of a request that came to nothing, or of a declaration that ended. */
export async function freeSlots(
  transaction: IlTransaction,
  by: { declaration_request_ids: string[] } | { declaration_id: string },
): Promise<void> {
  const query = transaction.deleteFrom('il.declaration_slots');
  if ('declaration_id' in by) await query.where('declaration_id', '=', by.declaration_id).execute();
  else if (by.declaration_request_ids.length > 0)
    await query.where('declaration_request_id', 'in', by.declaration_request_ids).execute();
}
