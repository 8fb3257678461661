import { timingSafeEqual } from 'node:crypto';
import type { Call } from '@zdravo/kit/http';
import { conflict, fieldRule, forbidden, invalidField, Problem, validationFailed } from '@zdravo/kit/problem';
import type { Declaration } from '@zdravo/ops/contract';
import type { IlDeps } from '../deps.ts';
import { openSignedDocument, type SignedDocument } from '../signed-documents.ts';
import { carryOut } from './carry-out.ts';
import type { Cohort } from './cohorts.ts';
import { differingPaths } from './compare-content.ts';
import { contentHash } from './content-hash.ts';
import { type OpenRequest, openRequest, type RequestData, type StoredRequest, sealForRequest } from './requests.ts';

const entry = '$.signed_declaration_request';

/**
 * The doctor's signature (domain.md §3.5, design.md §4). Everything is checked first; then one row says that it will be done,
 * with the container sealed in it; from there only forward. A repetition, by the client or by the worker, goes on where the
 * last one stopped, and the same content by the same signer gets the same answer for ever.
 */
export async function signRequest(
  deps: IlDeps,
  { request, signed, cohort }: { request: StoredRequest; signed: string; cohort: Cohort },
  call: Call,
): Promise<Declaration> {
  const [document, open] = await Promise.all([
    openSignedDocument(deps, signed, entry),
    request.status === 'APPROVED' ? openRequest(deps, request) : undefined,
  ]);
  if (request.status === 'SIGNED') return repeated(deps, request, document, call);
  refuseStatus(request, ['APPROVED', 'SIGNING']);
  const intended = open && (await intend(deps, { request, open, document, call }, cohort));
  if (intended)
    return carryOut(deps, intended, call.context, { data: open.data, container: document.container, is_first: true });
  const current = (await deps.requests.find(request.id))!;
  if (current.status === 'SIGNED') return repeated(deps, current, document, call);
  refuseStatus(current, ['SIGNING']);
  refuseOther(deps, current, document);
  return carryOut(deps, current, call.context);
}

function refuseStatus({ status }: StoredRequest, expected: readonly string[]): void {
  if (!expected.includes(status)) throw invalidField('$.status', 'incorrect status');
}

type Signing = { request: StoredRequest; open: OpenRequest; document: SignedDocument; call: Call };

/**
 * Checks, then APPROVED → SIGNING. @returns the request as it stands then; nothing when another intent was first, with which
 * to go on.
 */
async function intend(
  deps: IlDeps,
  { request, open, document, call }: Signing,
  cohort: Cohort,
): Promise<StoredRequest | undefined> {
  refuseDifferent(request, open.data, document.content);
  const seed = await knownSeed(deps, { request, open, document, call });
  const intent = {
    sealed_container: sealForRequest(open.key, request.id, document.container),
    container_sha256: document.sha256,
    content_hmac: contentHash(deps, document.content),
    signed_by: call.principal.user_id,
    signed_at: deps.clock.now().toISOString(),
    seed,
  };
  await cohort.gather();
  const intended = await deps.signing.intents.run({ id: request.id, ...intent, context: call.context });
  return intended && { ...request, ...intent, ...intended, status: 'SIGNING' };
}

/** The signed JSON is the stored one, `patient_signed` made true; the seed has a rule of its own. */
function refuseDifferent(request: StoredRequest, data: RequestData, content: Record<string, unknown>): void {
  const person = content['person'] as { patient_signed?: unknown } | undefined;
  if (person?.patient_signed !== true)
    throw invalidField('$.content.person.patient_signed', 'Patient must sign declaration form');
  const expected = {
    ...data,
    person: { ...data.person, patient_signed: true },
    id: request.id,
    status: 'APPROVED',
    seed: content['seed'],
  };
  const paths = differingPaths(expected, content);
  if (paths.length === 0) return;
  const text = 'Signed content does not match the previously created content';
  throw validationFailed([
    fieldRule('$.content', text, 'invalid', paths),
    ...paths.map((path) => fieldRule(path.replace('$', '$.content'), text, 'invalid')),
  ]);
}

/** The signer is the doctor, and so is the caller; the employment still lasts. */
async function refuseForeignSigner(
  deps: IlDeps,
  { request, open: { data }, document: { signer }, call }: Signing,
): Promise<void> {
  const { user_id } = call.principal;
  const standing = await deps.prm.findStanding({ user_id, employee_id: request.employee_id });
  if (standing.party_id !== request.party_id)
    throw forbidden('Only the doctor of the request can sign it', 'not_the_doctor');
  if (standing.status !== 'APPROVED' || !standing.is_active)
    throw invalidField('$.content.employee.id', 'Employee is not active');
  if (folded(signer.drfo ?? '') !== folded(data.employee.party.tax_id))
    throw invalidField('$.content.employee.party.tax_id', 'Does not match the signer drfo');
}

const look_alikes: Record<string, string> = {
  A: 'А',
  B: 'В',
  C: 'С',
  E: 'Е',
  H: 'Н',
  I: 'І',
  K: 'К',
  M: 'М',
  O: 'О',
  P: 'Р',
  T: 'Т',
  X: 'Х',
  Y: 'У',
};

/** Passport numbers stand for missing tax numbers, and some certificates write their letters in Latin (spec#290, #351). */
function folded(text: string): string {
  return text.toUpperCase().replace(/[A-Z]/g, (letter) => look_alikes[letter] ?? letter);
}

/**
 * Any log head from the request's creation on serves: one that rolls on between reading and signing refuses nobody. Asked
 * for while the signer is looked at, whose refusal comes first.
 */
async function knownSeed(deps: IlDeps, signing: Signing): Promise<string> {
  const { request, document, call } = signing;
  const seed = document.content['seed'];
  const is_text = typeof seed === 'string' && seed.length <= 200;
  const head = is_text ? findHead(deps, seed, call) : Promise.resolve(undefined);
  // Whoever is refused before it is awaited does not hear of its failure.
  head.catch(() => undefined);
  await refuseForeignSigner(deps, signing);
  const found = await head;
  if (!found || found.size < request.seed_size)
    throw invalidField('$.content.seed', 'is not a log head from the creation of the request on', 'invalid');
  return seed as string;
}

function findHead(deps: IlDeps, hash: string, call: Call): Promise<{ size: number } | undefined> {
  return deps.ops.getHead({ params: { hash } }, call.context).catch((error: unknown) => {
    if (error instanceof Problem && error.status === 404) return undefined;
    throw error;
  });
}

/** @throws Problem 409 when what is being signed is something else. */
function refuseOther(deps: IlDeps, request: StoredRequest, document: SignedDocument): void {
  if (request.content_hmac && timingSafeEqual(request.content_hmac, contentHash(deps, document.content))) return;
  throw conflict('Another content is signed for this request', 'other_content_signed');
}

async function repeated(
  deps: IlDeps,
  request: StoredRequest,
  document: SignedDocument,
  call: Call,
): Promise<Declaration> {
  if (!request.content_hmac || !timingSafeEqual(request.content_hmac, contentHash(deps, document.content)))
    throw invalidField('$.status', 'incorrect status');
  const party = await deps.prm.findPartyOfUser(call.principal.user_id);
  if (party?.id !== request.party_id) throw forbidden('Only the doctor of the request can sign it', 'not_the_doctor');
  return deps.ops.getDeclaration({ params: { id: request.declaration_id } }, call.context);
}
