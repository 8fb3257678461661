import { maskPhone } from '@zdravo/country-ua';
import type { IlDeps } from '../deps.ts';
import type { Person } from './check-request.ts';

/** How this request's consent is proved. `phone` leaves the process only masked. */
export type CurrentMethod = { type: 'OTP'; phone: string } | { type: 'OFFLINE' } | { type: 'NA' };

/**
 * What the patient index has on record decides (domain.md §3.4 step 9), but for one thing: who asks for scans gets them. A
 * patient who lost the old phone is never locked out; the declaration then waits for the payer's check.
 */
export async function currentMethod(
  deps: IlDeps,
  person: Person,
  context: { request_id: string },
): Promise<{ method: CurrentMethod; person_id: string | undefined }> {
  const match = await deps.mpi.matchPerson({ body: { person: forIndex(person) } }, context);
  const person_id = match.result === 'found' ? match.id : undefined;
  if (person.authentication_methods[0]!.type === 'OFFLINE') return { method: { type: 'OFFLINE' }, person_id };
  const stored = match.result === 'found' ? match.authentication_methods[0] : undefined;
  if (stored?.type === 'OTP' && stored.phone_number !== undefined)
    return { method: { type: 'OTP', phone: stored.phone_number }, person_id };
  if (stored?.type === 'OFFLINE') return { method: { type: 'OFFLINE' }, person_id };
  return { method: { type: 'NA' }, person_id };
}

/** The person as the patient index takes one. */
export function forIndex(person: Person) {
  const methods = person.authentication_methods as { type: 'OTP' | 'OFFLINE'; phone_number?: string }[];
  return {
    ...person,
    gender: person.gender as 'MALE' | 'FEMALE',
    authentication_methods: methods,
    patient_signed: true,
  };
}

/** `authentication_method_current` of an answer. */
export function viewMethod({ method, masked_number }: { method: string; masked_number: string | null }) {
  return { type: method, ...(masked_number === null ? {} : { number: masked_number }) };
}

/** The telephone as the reference shows it, `+38093*****85`; null when the method has none. */
export function maskedNumber(method: CurrentMethod): string | null {
  return method.type === 'OTP' ? maskPhone(method.phone) : null;
}

/** The scans that OFFLINE asks for (domain.md §3.4 step 11), each once. */
export function dueDocuments(person: Person): string[] {
  const own = [
    ...(person.tax_id === undefined ? [] : ['person.SSN']),
    ...person.documents.map(({ type }) => `person.${type}`),
  ];
  const confidants = (person.confidant_person ?? []).flatMap((one, index) => {
    const prefix = `confidant_person.${index}.${one.relation_type}`;
    return [
      ...one.documents_relationship.map(({ type }) => `${prefix}.RELATIONSHIP.${type}`),
      ...(one.tax_id === undefined ? [] : [`${prefix}.SSN`]),
      ...one.documents_person.map(({ type }) => `${prefix}.${type}`),
    ];
  });
  return [...new Set([...own, ...confidants])];
}
