import type { DeclarationState } from '@zdravo/ops/contract';
import { sql } from 'kysely';
import { personHashOf } from '../person-hash.ts';
import type { Employees } from './check-employees.ts';
import { phoneHashOf } from './person-hashes.ts';
import { living, page_size, pagesOf, type Run } from './run.ts';
import { readSignedContent } from './stored-content.ts';

/** A living declaration without its slot. */
export async function checkSlot(run: Run, state: DeclarationState, employees: Employees): Promise<void> {
  const { deps, findings } = run;
  const employee = await employees.find(state.employee_id);
  if (!employee) return;
  const { party_id } = employee;
  const person_hmac = personHashOf(deps, state.person_id);
  await findings.repair('slot_missing', state.id, async () => {
    const phone_hmac = phoneHashOf(deps, await contentOf(run, state));
    const { employee_id, declaration_request_id, id: declaration_id } = state;
    await deps.db
      .insertInto('il.declaration_slots')
      .values({ party_id, person_hmac, phone_hmac, employee_id, declaration_request_id, declaration_id })
      .onConflict((one) => one.doNothing())
      .execute();
    return true;
  });
}

/** The doctor's limit matters more than the telephone's: a container that cannot be read costs only the second. */
async function contentOf({ deps, context }: Run, state: DeclarationState) {
  const { signed_at: at } = await deps.ops.getDeclaration({ params: { id: state.id } }, context);
  const wanted = { declaration_id: state.id, sha256: state.signed_content_sha256, at };
  return readSignedContent(deps, wanted).catch(() => undefined);
}

type Held = { declaration_id: string; declaration_request_id: string };

/** Slots are those of living declarations and of open requests; the others are freed. */
export async function checkSlots(run: Run): Promise<void> {
  for await (const page of pagesOf(
    (after: string | undefined) => readPage(run, after),
    (row) => row.declaration_request_id,
  )) {
    run.findings.looked('slots', page.length);
    // Requests before declarations: one that is signed in between has its declaration by then.
    const requests = await requestStatuses(run, page);
    const states = await declarationStates(run, page);
    for (const slot of page)
      if (isStale(requests.get(slot.declaration_request_id), states.get(slot.declaration_id)))
        await run.findings.repair('slot_stale', slot.declaration_id, () => free(run, slot));
  }
}

/** A signed request whose declaration is missing keeps its slot: that is a finding of its own. */
function isStale(request: string | undefined, declaration: string | undefined): boolean {
  if (declaration !== undefined) return !living.has(declaration);
  return request === undefined || ['REJECTED', 'CANCELLED', 'EXPIRED'].includes(request);
}

async function readPage({ deps }: Run, after: string | undefined): Promise<Held[]> {
  const { rows } = await sql<Held>`
    select declaration_id, declaration_request_id from il.declaration_slots
    ${after ? sql`where declaration_request_id > ${after}` : sql``}
    order by declaration_request_id limit ${page_size}`.execute(deps.db);
  return rows;
}

async function requestStatuses({ deps }: Run, page: Held[]): Promise<Map<string, string>> {
  const ids = page.map((slot) => slot.declaration_request_id);
  const rows = await deps.db
    .selectFrom('il.declaration_requests')
    .select(['id', 'status'])
    .where('id', 'in', ids)
    .execute();
  return new Map(rows.map((row) => [row.id, row.status]));
}

async function declarationStates({ deps, context }: Run, page: Held[]): Promise<Map<string, string>> {
  const body = { ids: [...new Set(page.map((slot) => slot.declaration_id))] };
  const states = await deps.ops.findStates({ body }, context);
  return new Map(states.map((state) => [state.id, state.status]));
}

/** Unless it was taken for something else meanwhile. */
async function free({ deps }: Run, { declaration_request_id, declaration_id }: Held): Promise<boolean> {
  await deps.db
    .deleteFrom('il.declaration_slots')
    .where('declaration_request_id', '=', declaration_request_id)
    .where('declaration_id', '=', declaration_id)
    .execute();
  return true;
}
