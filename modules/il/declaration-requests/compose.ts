import { declaration_print_form } from '@zdravo/country-ua';
import type { Division, Employee, LegalEntity } from '@zdravo/prm';
import { Liquid } from 'liquidjs';
import type { Parties, Person } from './check-request.ts';
import type { RequestData } from './requests.ts';

const liquid = new Liquid({ strictFilters: true });
const print_form = liquid.parse(declaration_print_form.template);

export type Terms = { start_date: string; end_date: string };

/** What the doctor will sign (domain.md §3.4, step 11): the parties as they are today, and the print form of all this. */
export async function composeData(
  { start_date, end_date }: Terms,
  { scope, person }: { scope: string; person: Person },
  { employee, division, legal_entity }: Parties,
): Promise<RequestData> {
  const data = {
    start_date,
    end_date,
    scope,
    person,
    employee: doctorOf(employee),
    division: placeOf(division),
    legal_entity: clinicOf(legal_entity),
  };
  return { ...data, content: (await liquid.render(print_form, data)) as string };
}

function doctorOf({ id, position, party }: Employee) {
  const { id: party_id, first_name, last_name, second_name, tax_id, phones } = party;
  return { id, position, party: { id: party_id, first_name, last_name, second_name, tax_id, phones } };
}

function placeOf({ id, legal_entity_id, name, type, external_id, addresses, phones, email }: Division) {
  return { id, legal_entity_id, name, type, external_id, addresses, phones, email };
}

function clinicOf(legal_entity: LegalEntity) {
  const { id, name, short_name, public_name, legal_form, edrpou, addresses, phones, email } = legal_entity;
  const { licenses, accreditation } = legal_entity.medical_service_provider ?? { licenses: [], accreditation: null };
  return {
    id,
    name,
    short_name,
    public_name,
    legal_form,
    edrpou,
    licenses,
    accreditation,
    addresses,
    phones,
    email,
  };
}
