import type { Call } from '@zdravo/kit/http';
import { Problem } from '@zdravo/kit/problem';
import type { Declaration } from '@zdravo/ops/contract';
import type { ClinicSide, Division, Employee } from '@zdravo/prm';
import type { IlDeps } from '../deps.ts';
import { viewEntityShort } from '../employees/views.ts';

/** The patient comes from the index, which writes down who read; the rest are partners. */
export async function viewDeclaration(deps: IlDeps, declaration: Declaration, call: Call) {
  const context = { ...call.context, purpose: 'declaration' };
  const [{ id, person }, { employee, division, legal_entity }] = await Promise.all([
    deps.mpi.getPerson({ params: { id: declaration.person_id } }, context),
    deps.prm.findClinicSide(declaration),
  ]);
  const { secret: _secret, ...known } = person;
  return {
    ...declaration,
    person: { id, ...known },
    employee: employee && viewDoctor(employee, legal_entity),
    division,
    legal_entity,
  };
}

/** A page of declarations with the names by which a person at a list tells them apart; each patient is read once. */
export async function viewDeclarations(deps: IlDeps, declarations: readonly Declaration[], call: Call) {
  const idsOf = (name: 'person_id' | 'employee_id' | 'division_id' | 'legal_entity_id') =>
    new Set(declarations.map((one) => one[name]));
  const [persons, employees, divisions, legal_entities] = await Promise.all([
    foundById(idsOf('person_id'), (id) => findPersonName(deps, id, call)),
    foundById(idsOf('employee_id'), deps.prm.findEmployee),
    foundById(idsOf('division_id'), deps.prm.findDivision),
    foundById(idsOf('legal_entity_id'), deps.prm.findLegalEntity),
  ]);
  return declarations.map((declaration) => ({
    ...declaration,
    person: persons.get(declaration.person_id) ?? null,
    employee: viewIfFound(employees.get(declaration.employee_id), viewPosition),
    division: viewIfFound(divisions.get(declaration.division_id), viewPlace),
    legal_entity: viewIfFound(legal_entities.get(declaration.legal_entity_id), viewEntityShort),
  }));
}

/** An erased person has no name any more; the declaration stays in the list. */
async function findPersonName(deps: IlDeps, person_id: string, call: Call) {
  const context = { ...call.context, purpose: 'declaration_list' };
  try {
    const { id, person } = await deps.mpi.getPerson({ params: { id: person_id } }, context);
    const { first_name, last_name, second_name } = person;
    return { id, first_name, last_name, second_name: second_name ?? null };
  } catch (error) {
    if (error instanceof Problem && error.code === 'person_erased') return undefined;
    throw error;
  }
}

async function foundById<Found>(ids: Iterable<string>, find: (id: string) => Promise<Found>) {
  return new Map(await Promise.all([...ids].map(async (id) => [id, await find(id)] as const)));
}

function viewIfFound<Found, View>(found: Found | undefined, view: (found: Found) => View): View | null {
  return found === undefined ? null : view(found);
}

function viewPosition({ id, position, employee_type, party }: Employee) {
  const { first_name, last_name, second_name } = party;
  return { id, position, employee_type, party: { id: party.id, first_name, last_name, second_name } };
}

function viewPlace({ id, name, type, status }: Division) {
  return { id, name, type, status };
}

function viewDoctor(employee: NonNullable<ClinicSide['employee']>, legal_entity: ClinicSide['legal_entity']) {
  return { ...employee, legal_entity: legal_entity && viewEntityShort(legal_entity) };
}
