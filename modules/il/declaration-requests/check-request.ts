import { ageOn, isValidDocumentNumber } from '@zdravo/country-ua';
import { fieldRule, type Invalid, invalidField } from '@zdravo/kit/problem';
import type { Division, Employee, LegalEntity } from '@zdravo/prm';
import type { Static } from 'typebox';
import type { IlDeps } from '../deps.ts';
import {
  type Coded,
  checkAddresses,
  checkBirthDate,
  checkTaxId,
  knownCodes,
  refuse,
  typeCodes,
  uniqueTypes,
} from '../schemas/checks.ts';
import { isProved } from '../verifications/handlers.ts';
import type { DeclarationRequestInput, RequestPerson } from './person.ts';

export type Person = Static<typeof RequestPerson>;
export type Input = Static<typeof DeclarationRequestInput>;
export type Parties = { employee: Employee; division: Division; legal_entity: LegalEntity };

const at = '$.declaration_request';
const person_at = `${at}.person`;

/**
 * The checks of domain.md §3.4, steps 2–6, in its order; the first step that fails answers.
 * @throws Problem 422.
 */
export async function checkRequest(deps: IlDeps, { person, ...input }: Input, client_id: string): Promise<Parties> {
  refuse(uniquePerson(person));
  refuse(await knownCodes(deps.db, codesOf(person)));
  refuse(documentNumbers(person));
  refuse(await checkAddresses(deps.db, person.addresses, ['REGISTRATION', 'RESIDENCE'], `${person_at}.addresses`));
  refuse(numbersAndDates(deps, person));
  const parties = await partiesOf(deps, input, client_id);
  await refuseSpeciality(deps, parties.employee, person);
  await refuseUnprovedPhone(deps, person, client_id);
  return parties;
}

function uniquePerson(person: Person): Invalid[] {
  const { documents, phones, authentication_methods, confidant_person } = person;
  return [
    ...uniqueTypes(documents, `${person_at}.documents`),
    ...uniqueTypes(phones, `${person_at}.phones`),
    ...uniqueTypes(person.emergency_contact.phones, `${person_at}.emergency_contact.phones`),
    ...(authentication_methods.length === 1
      ? methodWithPhone(authentication_methods[0]!)
      : [
          fieldRule(
            `${person_at}.authentication_methods`,
            'Must be one and only one authentication method.',
            'invalid',
          ),
        ]),
    ...(confidant_person === undefined ? [] : relations(confidant_person)),
  ];
}

function methodWithPhone(method: { type: string; phone_number?: string }): Invalid[] {
  if (!['OTP', 'OFFLINE'].includes(method.type))
    return [
      fieldRule(`${person_at}.authentication_methods[0].type`, 'value is not allowed in enum', 'inclusion', [
        'OTP',
        'OFFLINE',
      ]),
    ];
  if (method.type === 'OTP' && method.phone_number === undefined)
    return [
      fieldRule(
        `${person_at}.authentication_methods[0].phone_number`,
        'required property phone_number was not present',
        'required',
      ),
    ];
  return [];
}

/** Exactly one PRIMARY, at most one SECONDARY (step 2). */
function relations(confidants: NonNullable<Person['confidant_person']>): Invalid[] {
  const path = `${person_at}.confidant_person`;
  const count = (type: string) => confidants.filter((one) => one.relation_type === type).length;
  return [
    ...(count('PRIMARY') === 1 ? [] : [fieldRule(path, 'Must contain required item.', 'invalid', ['PRIMARY'])]),
    ...(count('SECONDARY') <= 1
      ? []
      : [fieldRule(path, 'Must contain only one valid item.', 'invalid', ['SECONDARY'])]),
    ...confidants.flatMap((one, index) => [
      ...uniqueTypes(one.documents_person, `${path}[${index}].documents_person`),
      ...uniqueTypes(one.documents_relationship, `${path}[${index}].documents_relationship`),
      ...uniqueTypes(one.phones, `${path}[${index}].phones`),
    ]),
  ];
}

function codesOf(person: Person): Coded[] {
  return [
    { path: `${person_at}.gender`, value: person.gender, dictionary: 'GENDER' },
    ...typeCodes(person.documents, `${person_at}.documents`, 'DOCUMENT_TYPE'),
    ...typeCodes(person.phones, `${person_at}.phones`, 'PHONE_TYPE'),
    ...typeCodes(person.emergency_contact.phones, `${person_at}.emergency_contact.phones`, 'PHONE_TYPE'),
    ...(person.confidant_person ?? []).flatMap((one, index): Coded[] => {
      const path = `${person_at}.confidant_person[${index}]`;
      return [
        { path: `${path}.gender`, value: one.gender, dictionary: 'GENDER' },
        ...typeCodes(one.documents_person, `${path}.documents_person`, 'DOCUMENT_TYPE'),
        ...typeCodes(one.documents_relationship, `${path}.documents_relationship`, 'DOCUMENT_RELATIONSHIP_TYPE'),
        ...typeCodes(one.phones, `${path}.phones`, 'PHONE_TYPE'),
      ];
    }),
  ];
}

function documentNumbers(person: Person): Invalid[] {
  const wrong = (documents: Person['documents'], path: string) =>
    documents.flatMap(({ type, number }, index) =>
      isValidDocumentNumber(type, number)
        ? []
        : [fieldRule(`${path}[${index}].number`, 'invalid document number', 'invalid', [type])],
    );
  return [
    ...wrong(person.documents, `${person_at}.documents`),
    ...(person.confidant_person ?? []).flatMap((one, index) =>
      wrong(one.documents_person, `${person_at}.confidant_person[${index}].documents_person`),
    ),
  ];
}

function numbersAndDates({ clock }: IlDeps, person: Person): Invalid[] {
  const today = clock.today();
  const check = (one: { tax_id?: string; birth_date: string }, path: string) => [
    ...(one.tax_id === undefined ? [] : checkTaxId(one.tax_id, `${path}.tax_id`)),
    ...checkBirthDate(one.birth_date, today, `${path}.birth_date`),
  ];
  return [
    ...check(person, person_at),
    ...(person.confidant_person ?? []).flatMap((one, index) => check(one, `${person_at}.confidant_person[${index}]`)),
  ];
}

async function partiesOf(deps: IlDeps, input: Omit<Input, 'person'>, client_id: string): Promise<Parties> {
  const [employee, division, legal_entity] = await Promise.all([
    deps.prm.findEmployee(input.employee_id),
    deps.prm.findDivision(input.division_id),
    deps.prm.findLegalEntity(client_id),
  ]);
  if (!employee) throw invalidField(`${at}.employee_id`, 'Employee not found', 'not_found');
  if (employee.employee_type !== 'DOCTOR')
    throw invalidField(`${at}.employee_id`, 'Employee ID must reference a doctor.');
  if (employee.legal_entity_id !== client_id)
    throw invalidField(`${at}.employee_id`, 'Employee does not belong to legal entity.');
  if (employee.status !== 'APPROVED' || !employee.is_active)
    throw invalidField(`${at}.employee_id`, 'Employee is not active', 'invalid');
  if (!division) throw invalidField(`${at}.division_id`, 'Division not found', 'not_found');
  if (division.legal_entity_id !== client_id)
    throw invalidField(`${at}.division_id`, 'Division does not belong to legal entity.');
  if (division.status !== 'ACTIVE') throw invalidField(`${at}.division_id`, 'Division is not active');
  if (!legal_entity?.is_active) throw invalidField(`${at}.legal_entity_id`, 'Legal entity is not active');
  return { employee, division, legal_entity };
}

/** A pediatrician has children, a therapist adults, a family doctor all: by the speciality the doctor works in (step 5). */
async function refuseSpeciality(deps: IlDeps, employee: Employee, person: Person): Promise<void> {
  const adult_age = await deps.parameters.number('adult_age');
  const is_adult = ageOn(person.birth_date, deps.clock.today()) >= adult_age;
  const specialities = employee.doctor?.specialities ?? [];
  const main = specialities.filter((one) => one.speciality_officio);
  const fits = (speciality: string) =>
    speciality === 'FAMILY_DOCTOR' ||
    (speciality === 'THERAPIST' && is_adult) ||
    (speciality === 'PEDIATRICIAN' && !is_adult);
  if ((main.length > 0 ? main : specialities).some((one) => fits(one.speciality))) return;
  throw invalidField('$.data', "Doctor speciality does not meet the patient's age requirement.");
}

async function refuseUnprovedPhone(deps: IlDeps, person: Person, client_id: string): Promise<void> {
  const { type, phone_number } = person.authentication_methods[0]!;
  if (type !== 'OTP' || (await isProved(deps, deps.db, phone_number!, client_id))) return;
  throw invalidField(`${person_at}.authentication_methods[0].phone_number`, 'The phone number is not verified.');
}
