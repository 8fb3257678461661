import type { DeclarationState, ListedOrder } from '@zdravo/ops/contract';
import type { Employee } from '@zdravo/prm';
import { carryOutDismissals } from '../employees/dismiss.ts';
import { system_actor_id } from '../system-actor.ts';
import { page_size, pagesOf, type Run } from './run.ts';

/** The doctors that this run has met, each asked for once. */
export type Employees = { find(id: string): Promise<Employee | undefined>; dismissed: Set<string> };

export function createEmployees({ deps }: Run): Employees {
  const known = new Map<string, Promise<Employee | undefined>>();
  return {
    dismissed: new Set(),
    find: (id) => {
      const asked = known.get(id) ?? deps.prm.findEmployee(id);
      known.set(id, asked);
      return asked;
    },
  };
}

/** Who has living declarations is employed. */
export async function checkEmployee(run: Run, state: DeclarationState, employees: Employees): Promise<void> {
  const employee = await employees.find(state.employee_id);
  if (!employee) run.findings.open('employee_unknown', state.id);
  else if (employee.status === 'DISMISSED') employees.dismissed.add(employee.id);
}

/** Dismissals whose order Operations does not have any more are ordered once more, under a new id. */
export async function repeatDismissals(run: Run, { dismissed }: Employees): Promise<void> {
  for (const employee_id of dismissed) {
    const is_under_way = await isUnderWay(run, employee_id);
    if (is_under_way) continue;
    await run.findings.repair('employee_dismissed', employee_id, () => orderAgain(run, employee_id));
  }
  if (dismissed.size > 0) await carryOutDismissals(run.deps);
}

async function isUnderWay({ deps, settled_before }: Run, employee_id: string): Promise<boolean> {
  const row = await deps.db
    .selectFrom('il.dismissals')
    .select('employee_id')
    .where('employee_id', '=', employee_id)
    .where((where) => where.or([where('done_at', 'is', null), where('done_at', '>', settled_before)]))
    .executeTakeFirst();
  return row !== undefined;
}

async function orderAgain({ deps }: Run, employee_id: string): Promise<boolean> {
  const order_id = crypto.randomUUID();
  await deps.db
    .insertInto('il.dismissals')
    .values({ employee_id, order_id, actor_id: system_actor_id })
    .onConflict((one) => one.column('employee_id').doUpdateSet({ order_id, done_at: null }))
    .execute();
  return true;
}

/**
 * Orders of dismissals and closings whose partner is at work here: this database was restored. People decide: ending
 * somebody's work is no repair that a job may make.
 */
export async function checkOrders(run: Run, employees: Employees): Promise<void> {
  const { deps, context, findings } = run;
  const read = (after: string | undefined) =>
    deps.ops.listTerminationOrders({ query: { limit: page_size, ...(after === undefined ? {} : { after }) } }, context);
  for await (const page of pagesOf(read, (order) => order.id)) {
    findings.looked('orders', page.length);
    for (const order of page) await checkOrder(run, order, employees);
  }
}

async function checkOrder({ deps, findings }: Run, order: ListedOrder, employees: Employees): Promise<void> {
  const { subject_type, subject_id, reason } = order;
  if (subject_type === 'employee' && reason === 'auto_employee_deactivate') {
    const employee = await employees.find(subject_id);
    if (employee?.status !== 'DISMISSED') findings.open('dismissal_missing', subject_id);
  }
  if (subject_type === 'legal_entity' && reason === 'legal_entity_closed') {
    const legal_entity = await deps.prm.findLegalEntity(subject_id);
    if (legal_entity?.status !== 'CLOSED') findings.open('closing_missing', subject_id);
  }
}
