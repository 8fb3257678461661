import { fieldRule, validationFailed } from '@zdravo/kit/problem';
import type { Employee } from '@zdravo/prm';
import { sql } from 'kysely';
import type { IlDeps, IlTransaction } from '../deps.ts';
import type { ParameterName } from '../parameters/parameters.ts';

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
 * last free slot passes. A patient who is there already keeps the slot.
 * @throws Problem 422 when the doctor or the telephone has no room.
 */
export async function takeSlot(
  transaction: IlTransaction,
  slot: Slot,
  limits: { doctor: number; phone: number },
): Promise<void> {
  await lock(transaction, `party ${slot.party_id}`);
  if (slot.phone_hmac) await lock(transaction, `phone ${slot.phone_hmac.toString('hex')}`);
  const { rows } = await sql<{ of_doctor: number; on_phone: number }>`
    select (select count(*) from il.declaration_slots where party_id = ${slot.party_id} and person_hmac <> ${slot.person_hmac}) as of_doctor,
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
  await transaction
    .insertInto('il.declaration_slots')
    .values(slot)
    .onConflict((one) =>
      one.columns(['party_id', 'person_hmac']).doUpdateSet({
        phone_hmac: slot.phone_hmac,
        employee_id: slot.employee_id,
        declaration_request_id: slot.declaration_request_id,
        declaration_id: slot.declaration_id,
      }),
    )
    .execute();
}

function lock(transaction: IlTransaction, name: string) {
  return sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(transaction);
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
