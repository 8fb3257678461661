import { employee_types } from '@zdravo/country-ua';
import { conflict, fieldRule, type Invalid, invalidField, notFound } from '@zdravo/kit/problem';
import type { LegalEntity } from '@zdravo/prm';
import type { IlDeps } from '../deps.ts';
import {
  type Coded,
  checkBirthDate,
  checkTaxId,
  knownCodes,
  refuse,
  typeCodes,
  uniqueTypes,
} from '../schemas/checks.ts';
import type { EmployeeRequestData } from './requests.ts';

const at = '$.employee_request';

/**
 * The checks of domain.md §3.2 in its order; the first that fails answers.
 * @returns the legal entity that employs.
 * @throws Problem 404, 409, 422.
 */
export async function checkRequest(deps: IlDeps, data: EmployeeRequestData): Promise<LegalEntity> {
  refuse(professionalBlock(data));
  const legal_entity = await deps.prm.findLegalEntity(data.legal_entity_id);
  if (!legal_entity) throw invalidField(`${at}.legal_entity_id`, 'Legal entity not found', 'not_found');
  if (!legal_entity.is_active) throw conflict('Legal entity is not active', 'legal_entity_not_active');
  if (['OWNER', 'PHARMACY_OWNER'].includes(data.employee_type))
    throw conflict('Forbidden to create OWNER', 'owner_forbidden');
  if (!employee_types[legal_entity.type]?.includes(data.employee_type))
    throw invalidField(
      `${at}.employee_type`,
      'value is not allowed in enum',
      'inclusion',
      employee_types[legal_entity.type] ?? [],
    );
  refuse(await divisionOf(deps, data));
  refuse(await knownCodes(deps.db, codesOf(data)));
  refuse([
    ...uniqueTypes(data.party.documents, `${at}.party.documents`),
    ...uniqueTypes(data.party.phones, `${at}.party.phones`),
    ...(data.party.no_tax_id === true ? [] : checkTaxId(data.party.tax_id, `${at}.party.tax_id`)),
    ...checkBirthDate(data.party.birth_date, deps.clock.today(), `${at}.party.birth_date`),
  ]);
  if (await deps.prm.isBlackListed(data.party.tax_id))
    throw conflict("new employee with this tax_id can't be created", 'tax_id_in_black_list');
  if (data.employee_id !== undefined) await checkKnownEmployee(deps, data.employee_id, data);
  return legal_entity;
}

/** The block of a profession is there if and only if the type is that profession. */
function professionalBlock(data: EmployeeRequestData): Invalid[] {
  return (['doctor', 'pharmacist'] as const).flatMap((block) => {
    const due = data.employee_type === block.toUpperCase();
    if (due && data[block] === undefined)
      return [fieldRule(`${at}.${block}`, `required property ${block} was not present`, 'required')];
    if (!due && data[block] !== undefined)
      return [fieldRule(`${at}.${block}`, `field ${block} is not allowed`, 'invalid')];
    return [];
  });
}

async function divisionOf(deps: IlDeps, data: EmployeeRequestData): Promise<Invalid[]> {
  if (data.division_id === undefined) return [];
  const division = await deps.prm.findDivision(data.division_id);
  if (!division) return [fieldRule(`${at}.division_id`, 'Division not found', 'not_found')];
  if (division.legal_entity_id !== data.legal_entity_id)
    return [fieldRule(`${at}.division_id`, 'Division does not belong to legal entity.', 'invalid')];
  if (division.status !== 'ACTIVE') return [fieldRule(`${at}.division_id`, 'Division is not active', 'invalid')];
  return [];
}

type Educated = {
  educations?: { country: string; degree: string }[];
  qualifications?: { type: string }[];
  specialities?: { speciality: string; level: string; qualification_type: string }[];
  science_degree?: { country: string; degree: string };
};

function codesOf(data: EmployeeRequestData): Coded[] {
  return [
    { path: `${at}.position`, value: data.position, dictionary: 'POSITION' },
    { path: `${at}.employee_type`, value: data.employee_type, dictionary: 'EMPLOYEE_TYPE' },
    { path: `${at}.party.gender`, value: data.party.gender, dictionary: 'GENDER' },
    ...typeCodes(data.party.documents, `${at}.party.documents`, 'DOCUMENT_TYPE'),
    ...typeCodes(data.party.phones, `${at}.party.phones`, 'PHONE_TYPE'),
    ...(['doctor', 'pharmacist'] as const).flatMap((block) =>
      professionalCodes((data[block] ?? {}) as Educated, `${at}.${block}`),
    ),
  ];
}

function professionalCodes(block: Educated, path: string): Coded[] {
  const { educations = [], qualifications = [], specialities = [], science_degree } = block;
  return [
    ...educations.flatMap((one, index) => [
      { path: `${path}.educations[${index}].country`, value: one.country, dictionary: 'COUNTRY' },
      { path: `${path}.educations[${index}].degree`, value: one.degree, dictionary: 'EDUCATION_DEGREE' },
    ]),
    ...typeCodes(qualifications, `${path}.qualifications`, 'QUALIFICATION_TYPE'),
    ...specialities.flatMap((one, index) => [
      { path: `${path}.specialities[${index}].speciality`, value: one.speciality, dictionary: 'SPECIALITY_TYPE' },
      { path: `${path}.specialities[${index}].level`, value: one.level, dictionary: 'SPECIALITY_LEVEL' },
      {
        path: `${path}.specialities[${index}].qualification_type`,
        value: one.qualification_type,
        dictionary: 'SPEC_QUALIFICATION_TYPE',
      },
    ]),
    { path: `${path}.science_degree.country`, value: science_degree?.country, dictionary: 'COUNTRY' },
    { path: `${path}.science_degree.degree`, value: science_degree?.degree, dictionary: 'SCIENCE_DEGREE' },
  ];
}

/** Who an employment is of, and since when, never changes. */
async function checkKnownEmployee(deps: IlDeps, employee_id: string, data: EmployeeRequestData): Promise<void> {
  const employee = await deps.prm.findEmployee(employee_id);
  if (!employee || employee.legal_entity_id !== data.legal_entity_id) throw notFound();
  if (employee.status === 'DISMISSED') throw conflict('employee is dismissed', 'employee_dismissed');
  if (!employee.is_active) throw notFound();
  const stored = {
    tax_id: employee.party.tax_id,
    employee_type: employee.employee_type,
    birth_date: employee.party.birth_date,
    start_date: employee.start_date,
  };
  const given = { ...data, tax_id: data.party.tax_id, birth_date: data.party.birth_date };
  for (const [name, value] of Object.entries(stored))
    if (given[name as keyof typeof stored] !== value) throw conflict(`${name} doesn't match`, `${name}_differs`);
}
