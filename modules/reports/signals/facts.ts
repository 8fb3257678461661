import { sql } from 'kysely';
import { time_zone } from '../billing.ts';
import type { SignalKind } from './model.ts';

/** Norms of declarations per doctor by speciality (order of the Ministry of Health № 503 of 2018). */
const norms = sql`(values ('FAMILY_DOCTOR', 1800), ('THERAPIST', 2000), ('PEDIATRICIAN', 900)) norm (speciality, declarations_norm)`;
const default_norm = 1_800;

export type Fact = { subject_id: string; legal_entity_id: string | null; facts: Record<string, number | boolean> };

/** Statements that find who may be worth a score and what the rules look at; each answers `Fact`s. */
export const fact_queries: Record<SignalKind, { subject_type: string; query: ReturnType<typeof sql<Fact>> }> = {
  doctor_load: {
    subject_type: 'employee',
    query: sql<Fact>`
      select l.employee_id as subject_id, l.legal_entity_id, jsonb_build_object('declarations', l.n, 'limit', l.norm,
        'begun_on_busiest_day', coalesce(b.n, 0)) as facts
      from (${loads()}) l left join (
        select employee_id, max(n) as n from (
          select employee_id, (inserted_at at time zone ${sql.lit(time_zone)})::date as day, count(*) as n
          from ops.declaration_heads where inserted_at > now() - interval '62 days' group by 1, 2) days group by 1
      ) b using (employee_id) where l.n > l.norm or b.n > 40`,
  },
  shared_phone: {
    subject_type: 'employee',
    query: sql<Fact>`
      select l.employee_id as subject_id, l.legal_entity_id,
        jsonb_build_object('declarations', l.n, 'on_shared_phones', s.n, 'largest_fanout', s.largest) as facts
      from (
        select h.employee_id, count(*) as n, max(f.phone_fanout) as largest from mpi.person_facts f
        join ops.declaration_heads h on h.pseudonym = f.pseudonym and h.status = 'active' where f.phone_fanout >= 10 group by 1
      ) s join (${loads()}) l using (employee_id)`,
  },
  deceased_patient: {
    subject_type: 'declaration',
    query: sql<Fact>`
      select h.id as subject_id, h.legal_entity_id, jsonb_build_object('days_since_death', current_date - f.deceased_on,
        'begun_after_death', (h.inserted_at at time zone ${sql.lit(time_zone)})::date > f.deceased_on) as facts
      from mpi.person_facts f join ops.declaration_heads h on h.pseudonym = f.pseudonym and h.status = 'active'
      where f.deceased_on is not null`,
  },
  out_of_hours: {
    subject_type: 'employee',
    query: sql<Fact>`
      select employee_id as subject_id, min(legal_entity_id::text)::uuid as legal_entity_id,
        jsonb_build_object('at_night', sum(n), 'busiest_night_hour', max(n)) as facts
      from (
        select employee_id, legal_entity_id, date_trunc('hour', inserted_at at time zone ${sql.lit(time_zone)}) as hour, count(*) as n
        from ops.declaration_heads where inserted_at > now() - interval '31 days' group by 1, 2, 3
      ) hours where extract(hour from hour) >= 22 or extract(hour from hour) < 6
      group by 1 having sum(n) >= 10`,
  },
  overlimit_cluster: {
    subject_type: 'legal_entity',
    query: sql<Fact>`
      select legal_entity_id as subject_id, legal_entity_id, jsonb_build_object('doctors', count(*), 'doctors_over_limit',
        count(*) filter (where n > norm)) as facts
      from (${loads()}) l group by 1, 2 having count(*) filter (where n > norm) >= 2`,
  },
};

function loads() {
  return sql`
    select h.employee_id, min(h.legal_entity_id::text)::uuid as legal_entity_id, count(*) as n,
      coalesce(max(norm.declarations_norm), ${sql.lit(default_norm)}) as norm
    from ops.declaration_heads h left join prm.employees w on w.id = h.employee_id
    left join ${norms} on norm.speciality = w.speciality
    where h.status = 'active' group by 1`;
}
