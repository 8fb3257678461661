import { type Kysely, sql } from 'kysely';
import type { Division, Employee, LegalEntity, Party, Professional } from './records.ts';
import type { Tables } from './tables.ts';

export type ClinicSideIds = { employee_id: string; division_id: string; legal_entity_id: string };

/** With whom a patient has a declaration, and where: as much as everyone may know who sees the declaration. */
export type ClinicSide = {
  employee:
    | (Pick<
        Employee,
        'id' | 'division_id' | 'legal_entity_id' | 'employee_type' | 'position' | 'start_date' | 'end_date' | 'status'
      > & {
        party: Pick<Party, 'id' | 'first_name' | 'last_name' | 'second_name'>;
        doctor: Pick<Professional, 'specialities'> | null;
      })
    | null;
  division: Pick<Division, 'id' | 'name' | 'type' | 'status' | 'legal_entity_id' | 'mountain_group'> | null;
  legal_entity: Pick<
    LegalEntity,
    | 'id'
    | 'name'
    | 'short_name'
    | 'public_name'
    | 'type'
    | 'edrpou'
    | 'status'
    | 'legal_form'
    | 'email'
    | 'phones'
    | 'addresses'
  > | null;
};

/** Of one declaration or another, as one key. */
export function clinicSideKey({ employee_id, division_id, legal_entity_id }: ClinicSideIds): string {
  return `${employee_id}/${division_id}/${legal_entity_id}`;
}

/** Those of many, by their keys: one statement, a look-up by key for each part. */
export async function findClinicSides(db: Kysely<Tables>, keys: readonly string[]): Promise<Map<string, ClinicSide>> {
  const part = (at: 0 | 1 | 2) => keys.map((key) => key.split('/')[at]);
  const { rows } = await sql<ClinicSideIds & ClinicSide>`
    select asked.employee_id, asked.division_id, asked.legal_entity_id,
      (select json_build_object('id', e.id, 'division_id', e.division_id, 'legal_entity_id', e.legal_entity_id,
          'employee_type', e.employee_type, 'position', e.position, 'start_date', e.start_date, 'end_date', e.end_date, 'status', e.status,
          'party', (select json_build_object('id', p.id, 'first_name', p.first_name, 'last_name', p.last_name, 'second_name', p.second_name)
            from prm.parties p where p.id = e.party_id),
          'doctor', (select json_build_object('specialities', d.specialities)
            from prm.employee_doctors d where d.employee_id = e.id))
        from prm.employees e where e.id = asked.employee_id) as employee,
      (select json_build_object('id', d.id, 'name', d.name, 'type', d.type, 'status', d.status,
          'legal_entity_id', d.legal_entity_id, 'mountain_group', d.mountain_group)
        from prm.divisions d where d.id = asked.division_id) as division,
      (select json_build_object('id', l.id, 'name', l.name, 'short_name', l.short_name, 'public_name', l.public_name,
          'type', l.type, 'edrpou', l.edrpou, 'status', l.status, 'legal_form', l.legal_form, 'email', l.email,
          'phones', l.phones, 'addresses', l.addresses)
        from prm.legal_entities l where l.id = asked.legal_entity_id) as legal_entity
    from unnest(${part(0)}::uuid[], ${part(1)}::uuid[], ${part(2)}::uuid[])
      as asked (employee_id, division_id, legal_entity_id)`.execute(db);
  return new Map(
    rows.map(({ employee, division, legal_entity, ...ids }) => [
      clinicSideKey(ids),
      { employee, division, legal_entity },
    ]),
  );
}
