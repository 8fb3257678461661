import type { ContainerForm, ListedContainer } from '@zdravo/mcs';
import type { DeclarationState } from '@zdravo/ops/contract';
import { checkContainer, checkUpgrade } from './check-container.ts';
import { checkEmployee, type Employees } from './check-employees.ts';
import { checkPerson } from './check-person.ts';
import { checkRequest } from './check-request.ts';
import { checkSlot } from './check-slots.ts';
import { keyOf, personStates } from './persons.ts';
import { isSettled, living, page_size, pagesOf, type Run } from './run.ts';

/** Every declaration against its request, its container, its person, its doctor and its slot. */
export async function checkDeclarations(run: Run, employees: Employees): Promise<void> {
  const read = (after: string | undefined) =>
    run.deps.ops.listStates({ query: { limit: page_size, ...(after === undefined ? {} : { after }) } }, run.context);
  for await (const page of pagesOf(read, (state) => state.id)) {
    run.findings.looked('declarations', page.length);
    await checkPage(
      run,
      page.filter((state) => isSettled(run, state.inserted_at)),
      employees,
    );
  }
}

async function checkPage(run: Run, states: DeclarationState[], employees: Employees): Promise<void> {
  const { deps } = run;
  const ids = states.map((state) => state.id);
  const containersOf = async (form: ContainerForm) => {
    const found = await deps.mcs.findSignedContainers({ resource_type: 'declaration', resource_ids: ids, form });
    return new Map(found.map((one): [string, ListedContainer] => [one.resource_id, one]));
  };
  const [requests, containers, upgrades, persons, slots] = await Promise.all([
    requestsOf(run, states),
    containersOf('signed_content'),
    containersOf('signed_content.upgraded'),
    personStates(
      run,
      states.map((state) => ({ id: state.person_id, source_id: state.declaration_request_id })),
    ),
    slotsOf(run, ids),
  ]);
  // The living one holds the newest data of its person: it comes first, and then the person is not missing any more.
  for (const state of states.toSorted((one, other) => rank(other) - rank(one))) {
    await checkContainer(run, state, containers.get(state.id));
    await checkUpgrade(run, state, upgrades.get(state.id));
    await checkRequest(run, state, requests.get(state.declaration_request_id));
    const person = persons.get(keyOf({ id: state.person_id, source_id: state.declaration_request_id }));
    await checkPerson(run, state, person);
    if (!living.has(state.status)) continue;
    await checkEmployee(run, state, employees);
    if (!slots.has(state.id)) await checkSlot(run, state, employees);
  }
}

function rank(state: DeclarationState): number {
  return living.has(state.status) ? 1 : 0;
}

async function requestsOf({ deps }: Run, states: DeclarationState[]): Promise<Map<string, string>> {
  if (states.length === 0) return new Map();
  const rows = await deps.db
    .selectFrom('il.declaration_requests')
    .select(['id', 'status'])
    .where(
      'id',
      'in',
      states.map((state) => state.declaration_request_id),
    )
    .execute();
  return new Map(rows.map((row) => [row.id, row.status]));
}

async function slotsOf({ deps }: Run, declaration_ids: string[]): Promise<Set<string>> {
  if (declaration_ids.length === 0) return new Set();
  const rows = await deps.db
    .selectFrom('il.declaration_slots')
    .select('declaration_id')
    .where('declaration_id', 'in', declaration_ids)
    .execute();
  return new Set(rows.map((row) => row.declaration_id));
}
