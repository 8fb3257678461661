import { owner_positions } from '@zdravo/country-ua';
import { knownPart } from '@zdravo/kit/contract';
import { checkValue } from '@zdravo/kit/http';
import { fieldRule, type Invalid } from '@zdravo/kit/problem';
import type { Signer } from '@zdravo/signature';
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
import { Registration } from './registration.ts';

export type RegistrationContent = Static<typeof Registration>;

/**
 * The signed content, checked in the reference's order (domain.md §3.1, steps 2–8); the first step that fails answers.
 * @throws Problem 422 with JSON paths into the signed content.
 */
export async function checkRegistration(
  deps: IlDeps,
  content: Record<string, unknown>,
  signer: Signer,
): Promise<RegistrationContent> {
  refuse(checkValue(Registration, content));
  const registration = knownPart(Registration, content as RegistrationContent);
  refuse(uniqueEverywhere(registration));
  refuse(await knownCodes(deps.db, codesOf(registration)));
  refuse(await allowedKveds(deps, registration));
  refuse(await checkAddresses(deps.db, registration.addresses, ['REGISTRATION'], '$.addresses'));
  refuse(checkOwner(deps, registration));
  refuse(checkSigner(registration, signer));
  return registration;
}

function uniqueEverywhere({ phones, owner }: RegistrationContent): Invalid[] {
  return [
    ...uniqueTypes(phones, '$.phones'),
    ...uniqueTypes(owner.documents, '$.owner.documents'),
    ...uniqueTypes(owner.phones, '$.owner.phones'),
  ];
}

function codesOf(registration: RegistrationContent): Coded[] {
  const { owner, medical_service_provider } = registration;
  return [
    { path: '$.owner_property_type', value: registration.owner_property_type, dictionary: 'OWNER_PROPERTY_TYPE' },
    { path: '$.legal_form', value: registration.legal_form, dictionary: 'LEGAL_FORM' },
    ...registration.kveds.map((value, index) => ({ path: `$.kveds[${index}]`, value, dictionary: 'KVEDS' })),
    ...typeCodes(registration.phones, '$.phones', 'PHONE_TYPE'),
    ...typeCodes(owner.documents, '$.owner.documents', 'DOCUMENT_TYPE'),
    ...typeCodes(owner.phones, '$.owner.phones', 'PHONE_TYPE'),
    { path: '$.owner.gender', value: owner.gender, dictionary: 'GENDER' },
    {
      path: '$.medical_service_provider.accreditation.category',
      value: medical_service_provider.accreditation?.category,
      dictionary: 'ACCREDITATION_CATEGORY',
    },
  ];
}

/** At least one of the activities is that of a provider of this type (step 4). */
async function allowedKveds({ db }: IlDeps, { type, kveds }: RegistrationContent): Promise<Invalid[]> {
  const row = await db
    .selectFrom('il.dictionaries')
    .select('values')
    .where('name', '=', `KVEDS_ALLOWED_${type}`)
    .executeTakeFirst();
  const allowed = Object.keys((row?.values ?? {}) as Record<string, string>);
  if (kveds.some((kved) => allowed.includes(kved))) return [];
  return [fieldRule('$.kveds', `At least one KVED code must be from list ${allowed.join(', ')}`, 'kved', allowed)];
}

function checkOwner({ clock }: IlDeps, { owner }: RegistrationContent): Invalid[] {
  if (owner.no_tax_id === true) return [fieldRule('$.owner.no_tax_id', "'no_tax_id must be false", 'invalid')];
  return [
    ...checkTaxId(owner.tax_id, '$.owner.tax_id'),
    ...checkBirthDate(owner.birth_date, clock.today(), '$.owner.birth_date'),
    ...(owner_positions.includes(owner.position)
      ? []
      : [fieldRule('$.owner.position', 'invalid owner position value', 'inclusion', owner_positions)]),
  ];
}

/**
 * Who signs is whose registration it is (step 8). A sole trader has no code of its own: its tax number stands in its place,
 * and a certificate may carry it as `drfo` only (il#2764, il#2857).
 */
function checkSigner({ edrpou }: RegistrationContent, signer: Signer): Invalid[] {
  if (signer.edrpou === edrpou) return [];
  if (signer.edrpou === null && edrpou.length === 10 && signer.drfo === edrpou) return [];
  if (signer.edrpou === null)
    return [fieldRule('$.edrpou', "can't be blank: the signer's certificate holds no EDRPOU", 'required')];
  return [fieldRule('$.edrpou', "is invalid: it is not the EDRPOU of the signer's certificate", 'inclusion', [edrpou])];
}
