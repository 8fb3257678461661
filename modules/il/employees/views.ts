import type { Division, Employee, LegalEntity, Professional } from '@zdravo/prm';
import type { IlDeps } from '../deps.ts';

/** Division and legal entity of an employment, as the reference shows them in short. */
export type Places = { divisions: Map<string, Division>; legal_entities: Map<string, LegalEntity> };

/** Reads each place of these employments once. */
export async function placesOf(deps: IlDeps, employees: readonly Employee[]): Promise<Places> {
  const division_ids = [...new Set(employees.flatMap((one) => one.division_id ?? []))];
  const entity_ids = [...new Set(employees.map((one) => one.legal_entity_id))];
  const [divisions, entities] = await Promise.all([
    division_ids.length === 0
      ? []
      : deps.prm.listDivisions({ ids: division_ids, page_size: 500 }).then((page) => page.data),
    Promise.all(entity_ids.map((id) => deps.prm.findLegalEntity(id))),
  ]);
  return {
    divisions: new Map(divisions.map((one) => [one.id, one])),
    legal_entities: new Map(entities.flatMap((one) => (one ? [[one.id, one] as const] : []))),
  };
}

/** The whole employment, as GET by id shows it. */
export function viewEmployee(employee: Employee, places: Places) {
  const { inserted_at, updated_at, party } = employee;
  return { ...viewPosition(employee, places), inserted_at, updated_at, party, ...blocks(employee, (block) => block) };
}

/** Without papers, and of a profession the specialities only. */
export function viewEmployeeShort(employee: Employee, places: Places) {
  const { id, no_tax_id, first_name, last_name, second_name } = employee.party;
  return {
    ...viewPosition(employee, places),
    party: { id, no_tax_id, first_name, last_name, second_name },
    ...blocks(employee, ({ specialities }) => ({ specialities })),
  };
}

function viewPosition(employee: Employee, places: Places) {
  const { id, position, employee_type, status, is_active, start_date, end_date } = employee;
  return { id, position, employee_type, status, is_active, start_date, end_date, ...shortPlaces(employee, places) };
}

function blocks(employee: Employee, view: (block: Professional) => Record<string, unknown>) {
  return {
    ...(employee.doctor ? { doctor: view(employee.doctor) } : {}),
    ...(employee.pharmacist ? { pharmacist: view(employee.pharmacist) } : {}),
  };
}

function shortPlaces(employee: Employee, { divisions, legal_entities }: Places) {
  const division = divisions.get(employee.division_id ?? '');
  return {
    division: division ? viewDivisionShort(division) : null,
    legal_entity: viewEntityShort(legal_entities.get(employee.legal_entity_id)!),
  };
}

/** A division inside another object. */
export function viewDivisionShort({ id, name, type, status, legal_entity_id, mountain_group }: Division) {
  return { id, name, type, status, legal_entity_id, mountain_group };
}

type EntityShort = Pick<LegalEntity, 'id' | 'name' | 'short_name' | 'public_name' | 'type' | 'edrpou' | 'status'>;

/** A legal entity inside another object. */
export function viewEntityShort({ id, name, short_name, public_name, type, edrpou, status }: EntityShort) {
  return { id, name, short_name, public_name, type, edrpou, status };
}
