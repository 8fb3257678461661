import type { CallContext } from '@zdravo/kit/http';
import type { Job } from '@zdravo/kit/jobs';
import type { Employee } from '@zdravo/prm';
import { announceStatus } from '../audit.ts';
import type { IlDeps, IlTransaction } from '../deps.ts';

export type Dismissal = { reason: string; actor_id: string; context: CallContext };

/**
 * Ends an employment: status, role and tokens in the given transaction, and for a doctor the order to end the declarations,
 * which is carried to Operations after the commit, as often as it takes.
 */
export async function dismiss(
  transaction: IlTransaction,
  deps: IlDeps,
  { id, employee_type }: Pick<Employee, 'id' | 'employee_type'>,
  { reason, actor_id, context }: Dismissal,
): Promise<Employee> {
  const within = { transaction, context, actor_id };
  const { employee, has_other_employment } = await deps.prm.dismissEmployee(id, reason, within);
  if (!has_other_employment) await revokeRole(transaction, deps, employee, context);
  if (employee_type === 'DOCTOR') {
    await transaction
      .insertInto('il.dismissals')
      .values({ employee_id: id, actor_id })
      .onConflict((one) => one.column('employee_id').doNothing())
      .execute();
  }
  await announceStatus(transaction, [
    { entity_type: 'Employee', entity_id: id, new_value: 'DISMISSED', changed_by: actor_id },
  ]);
  return employee;
}

async function revokeRole(
  transaction: IlTransaction,
  deps: IlDeps,
  employee: Employee,
  context: CallContext,
): Promise<void> {
  for (const user_id of await deps.prm.listUsersOfParty(employee.party_id)) {
    const grant = { user_id, role: employee.employee_type, client_id: employee.legal_entity_id };
    await deps.auth.revokeRole(grant, { transaction, context });
  }
}

/** Carries on where a dismissal stopped: the doctor’s declarations end. */
export function dismissalJob(deps: IlDeps): Job {
  return { name: 'carry_out_dismissals', schedule: '* * * * *', run: () => carryOutDismissals(deps) };
}

/** Orders Operations to end the declarations of dismissed doctors; the order's own id makes it safe to repeat. */
export async function carryOutDismissals(deps: IlDeps): Promise<void> {
  const open = await deps.db
    .selectFrom('il.dismissals')
    .select(['employee_id', 'order_id', 'actor_id'])
    .where('done_at', 'is', null)
    .orderBy('ordered_at')
    .limit(500)
    .execute();
  for (const { employee_id, order_id, actor_id } of open) {
    const body = {
      subject_type: 'employee',
      subject_id: employee_id,
      actor_id,
      reason: 'auto_employee_deactivate',
    } as const;
    await deps.ops.putTerminations(
      { params: { id: order_id }, body },
      { request_id: `dismissal-${employee_id}`, actor_id },
    );
    await deps.db
      .updateTable('il.dismissals')
      .set({ done_at: deps.clock.now().toISOString() })
      .where('employee_id', '=', employee_id)
      .execute();
  }
}
