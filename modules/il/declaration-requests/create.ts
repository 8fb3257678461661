import { randomInt, randomUUID } from 'node:crypto';
import { addDays, addMonths, addYears, lastDayBelowAge } from '@zdravo/country-ua';
import { lockName } from '@zdravo/kit/db';
import type { Call } from '@zdravo/kit/http';
import { announceStatus, audit } from '../audit.ts';
import type { IlDeps, IlTransaction } from '../deps.ts';
import { freeSlots } from '../slots/slots.ts';
import { keyedHash, phoneHash, sendCode } from '../verifications/codes.ts';
import { type CurrentMethod, currentMethod, dueDocuments, maskedNumber } from './authentication.ts';
import { checkRequest, type Input, type Parties, type Person } from './check-request.ts';
import { composeData, type Terms } from './compose.ts';
import { open_statuses, sealForRequest } from './requests.ts';

/**
 * A new request (domain.md §3.4): checks, method of consent, print form; then row, sealed data, SMS and the end of earlier
 * requests of the same patient with the same doctor, in one transaction.
 * @returns its id.
 */
export async function createRequest(deps: IlDeps, input: Input, call: Call): Promise<string> {
  const parties = await checkRequest(deps, input, call.principal.client_id);
  const { person } = input;
  const [{ method, person_id }, head, terms] = await Promise.all([
    currentMethod(deps, person, call.context),
    deps.ops.latestHead({}, call.context),
    termsOf(deps, person),
  ]);
  const id = randomUUID();
  const data = await composeData(terms, input, parties);
  const sealed_data = sealForRequest(await deps.request_keys.getOrCreate(id), id, Buffer.from(JSON.stringify(data)));
  const person_hmac = personHash(deps, person, person_id);
  await deps.db.transaction().execute(async (transaction) => {
    await cancelEarlier(transaction, deps, person_hmac, parties, call.principal.user_id);
    await insertRequest(transaction, deps, call, {
      ...partiesOf(parties),
      ...consentOf(deps, person, method),
      ...terms,
      id,
      person_hmac,
      seed_size: head.size,
      sealed_data,
    });
    if (method.type === 'OTP')
      await sendCode(transaction, deps, method.phone, { purpose: 'declaration_request', subject_id: id }, call);
    await announceStatus(transaction, [
      { entity_type: 'DeclarationRequest', entity_id: id, new_value: 'NEW', changed_by: call.principal.user_id },
    ]);
    await audit(transaction, call, { action: 'create', resource: 'declaration_request', resource_id: id });
  });
  return id;
}

type NewRequest = ReturnType<typeof partiesOf> &
  ReturnType<typeof consentOf> &
  Terms & { id: string; person_hmac: Buffer; seed_size: number; sealed_data: Buffer };

/** With the ids that its signing will use, so that a repeated signing writes the same things. */
async function insertRequest(transaction: IlTransaction, deps: IlDeps, { principal }: Call, request: NewRequest) {
  const now = deps.clock.now().toISOString();
  const row = {
    ...request,
    declaration_id: randomUUID(),
    new_person_id: randomUUID(),
    inserted_by: principal.user_id,
    updated_by: principal.user_id,
    inserted_at: now,
    updated_at: now,
  };
  for (let number_is_free = false; !number_is_free; ) {
    const { numInsertedOrUpdatedRows } = await transaction
      .insertInto('il.declaration_requests')
      .values({ ...row, declaration_number: newDeclarationNumber() })
      .onConflict((of) => of.constraint('declaration_requests_number').doNothing())
      .executeTakeFirstOrThrow();
    number_is_free = numInsertedOrUpdatedRows === 1n;
  }
}

function partiesOf({ legal_entity, division, employee }: Parties) {
  return {
    legal_entity_id: legal_entity.id,
    division_id: division.id,
    employee_id: employee.id,
    party_id: employee.party_id,
  };
}

/** How the patient will prove consent. */
function consentOf(deps: IlDeps, person: Person, method: CurrentMethod) {
  return {
    phone_hmac: consentPhone(deps, person, method),
    method: method.type,
    masked_number: maskedNumber(method),
    document_types: method.type === 'OFFLINE' ? dueDocuments(person) : [],
  };
}

/** Start today; end after the term, but a child's at the latest on the last day of childhood (step 8). */
async function termsOf(deps: IlDeps, person: Person): Promise<Terms> {
  const [parameters, adult_age] = await Promise.all([deps.parameters.all(), deps.parameters.number('adult_age')]);
  const start_date = deps.clock.today();
  const term = Number(parameters['declaration_term']);
  const add = { DAYS: addDays, MONTHS: addMonths, YEARS: addYears }[parameters['declaration_term_unit'] ?? 'DAYS']!;
  const end_date = add(start_date, term);
  const last_day = lastDayBelowAge(person.birth_date, adult_age);
  return { start_date, end_date: last_day >= start_date && last_day < end_date ? last_day : end_date };
}

/**
 * Who the request is about, for slots and for the end of earlier requests: the index's id when it knows the person; else what
 * tells people apart. A missing tax number never makes two patients one (⚠ step 7 of the original).
 */
function personHash(deps: IlDeps, person: Person, person_id: string | undefined): Buffer {
  const { first_name, last_name, second_name = '', birth_date, tax_id = '', documents } = person;
  const numbers = documents.map(({ type, number }) => `${type} ${number}`).sort();
  const known = person_id ?? JSON.stringify([last_name, first_name, second_name, birth_date, tax_id, numbers]);
  return keyedHash(deps, 'person', known);
}

/** The telephone that this declaration would make the patient's. */
function consentPhone(deps: IlDeps, person: Person, method: CurrentMethod): Buffer | null {
  if (method.type === 'OTP') return phoneHash(deps, method.phone);
  const { phone_number } = person.authentication_methods[0]!;
  return phone_number === undefined ? null : phoneHash(deps, phone_number);
}

async function cancelEarlier(
  transaction: IlTransaction,
  deps: IlDeps,
  person_hmac: Buffer,
  { employee, legal_entity }: Parties,
  updated_by: string,
): Promise<void> {
  // Two that come at once take turns, or neither would see the other.
  await lockName(transaction, `request ${person_hmac.toString('hex')} ${employee.id}`);
  const rows = await transaction
    .updateTable('il.declaration_requests')
    .set({ status: 'CANCELLED', sealed_data: null, updated_by, updated_at: deps.clock.now().toISOString() })
    .where('person_hmac', '=', person_hmac)
    .where('employee_id', '=', employee.id)
    .where('legal_entity_id', '=', legal_entity.id)
    .where('status', 'in', open_statuses)
    .returning('id')
    .execute();
  await freeSlots(transaction, { declaration_request_ids: rows.map((row) => row.id) });
}

const number_alphabet = '0123456789AEHKMPTX';

/** `0000-` and two random groups of four. Among 22 million declarations one of five hundred is taken: the constraint tells. */
function newDeclarationNumber(): string {
  const group = () => Array.from({ length: 4 }, () => number_alphabet[randomInt(number_alphabet.length)]).join('');
  return `0000-${group()}-${group()}`;
}
