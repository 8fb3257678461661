import type { TransactionOf } from '@zdravo/kit/db';
import { type RawBuilder, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import { reasonCode } from './uncounted.ts';

type Db = TransactionOf<Tables>;

/** Whether any clinic has a contract at all: without one nothing is limited, and nothing is joined for it. */
export async function hasContracts(db: Db): Promise<boolean> {
  const { rows } = await sql<{ some: boolean }>`select exists (select from prm.contracts) as some`.execute(db);
  return rows[0]!.some;
}

/**
 * Declarations with the limits of contracts (domain.md §3.8): a clinic that ever had a contract is paid for what the one in
 * force on the billing date says: patients of its doctors at their places, of each the first `declaration_limit` by
 * when they became active. The rest keeps its reason. A clinic that never had a contract is paid without limits.
 */
export function limitedByContracts(active: RawBuilder<unknown>, month: string): RawBuilder<unknown> {
  return sql`
    select declaration_id, legal_entity_id, mountain_group, age,
      case when problem is not null then problem
        when not is_contracted then null
        when contract_id is null then ${reasonCode('contract_not_in_force')}
        when declaration_limit is null then ${reasonCode('employee_not_in_contract')}
        when place > declaration_limit then ${reasonCode('over_contract_limit')} end as problem
    from (
      select a.*, k.id as contract_id, w.declaration_limit, c.contractor_legal_entity_id is not null as is_contracted,
        row_number() over (partition by w.id, a.problem is null order by a.active_since, a.declaration_id) as place
      from (${active}) a
      left join (select distinct contractor_legal_entity_id from prm.contracts) c
        on c.contractor_legal_entity_id = a.legal_entity_id
      left join (${contractsInForce(month)}) k on k.contractor_legal_entity_id = a.legal_entity_id
      left join prm.contract_employees w on w.contract_id = k.id and w.employee_id = a.employee_id
        and w.division_id = a.division_id and w.start_date < ${month}::date
        and (w.end_date is null or w.end_date >= ${month}::date)
    ) limited`;
}

/** Keeps which contract paid which clinic's month: inputs of the run, shown with its lines. */
export async function gatherContracts(db: Db, run_id: string, month: string): Promise<void> {
  await sql`
    insert into reports.capitation_contracts (run_id, for_month, legal_entity_id, contract_id, contract_number)
    select ${run_id}, ${month}::date, contractor_legal_entity_id, id, contract_number
    from (${contractsInForce(month)}) k`.execute(db);
}

/** One a clinic: the register refuses two at once; were there two, the one that began last. */
function contractsInForce(month: string) {
  return sql`
    select distinct on (contractor_legal_entity_id) contractor_legal_entity_id, id, contract_number from prm.contracts
    where start_date < ${month}::date and end_date >= ${month}::date
      and (terminated_on is null or terminated_on > ${month}::date)
      and (suspended_from is null or suspended_from > ${month}::date or suspended_until < ${month}::date)
    order by contractor_legal_entity_id, start_date desc, id`;
}
