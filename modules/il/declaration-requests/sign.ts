import { timingSafeEqual } from 'node:crypto';
import type { Call } from '@zdravo/kit/http';
import { conflict, fieldRule, forbidden, invalidField, Problem, validationFailed } from '@zdravo/kit/problem';
import type { Declaration } from '@zdravo/ops/contract';
import { audit } from '../audit.ts';
import type { IlDeps } from '../deps.ts';
import { openSignedDocument, type SignedDocument } from '../signed-documents.ts';
import { keyedHash } from '../verifications/codes.ts';
import { carryOut } from './carry-out.ts';
import { contentBytes, differingPaths } from './compare-content.ts';
import {
  findRequest,
  lockRequest,
  type RequestData,
  readData,
  type StoredRequest,
  sealForRequest,
} from './requests.ts';

const entry = '$.signed_declaration_request';

/**
 * The doctor's signature (domain.md §3.5, design.md §4). Everything is checked first; then one row says that it will be done,
 * with the container sealed in it; from there only forward. A repetition, by the client or by the worker, goes on where the
 * last one stopped, and the same content by the same signer gets the same answer for ever.
 */
export async function signRequest(
  deps: IlDeps,
  request: StoredRequest,
  signed: string,
  call: Call,
): Promise<Declaration> {
  const document = await openSignedDocument(deps, signed, entry);
  if (request.status === 'SIGNED') return repeated(deps, request, document, call);
  if (request.status === 'APPROVED') await intend(deps, request, document, call);
  else if (request.status !== 'SIGNING') throw invalidField('$.status', 'incorrect status');
  const current = (await findRequest(deps.db, request.id))!;
  if (current.status === 'SIGNED') return repeated(deps, current, document, call);
  refuseOther(deps, current, document);
  return carryOut(deps, current, call.context);
}

/** Checks, then APPROVED → SIGNING. Of two at once the first intent wins; the other goes on with it. */
async function intend(deps: IlDeps, request: StoredRequest, document: SignedDocument, call: Call): Promise<void> {
  const data = await readData(deps, request);
  if (!data) return;
  refuseDifferent(request, data, document.content);
  await refuseForeignSigner(deps, request, data, document, call);
  const seed = await knownSeed(deps, request, document.content, call);
  const key = await deps.request_keys.find(request.id);
  // Another call has signed, and dropped the key with the data, since this one read them.
  if (!key) return;
  const sealed_container = sealForRequest(key, request.id, document.container);
  await deps.db.transaction().execute(async (transaction) => {
    const locked = await lockRequest(transaction, request.id);
    if (locked!.status !== 'APPROVED') return;
    await transaction
      .updateTable('il.declaration_requests')
      .set({
        status: 'SIGNING',
        sealed_container,
        container_sha256: document.sha256,
        content_hmac: contentHash(deps, document.content),
        signed_by: call.principal.user_id,
        signed_at: deps.clock.now().toISOString(),
        seed,
        updated_by: call.principal.user_id,
        updated_at: deps.clock.now().toISOString(),
      })
      .where('id', '=', request.id)
      .execute();
    await audit(transaction, call, { action: 'sign', resource: 'declaration_request', resource_id: request.id });
  });
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
  request: StoredRequest,
  data: RequestData,
  { signer }: SignedDocument,
  call: Call,
): Promise<void> {
  const [party, employee] = await Promise.all([
    deps.prm.findPartyOfUser(call.principal.user_id),
    deps.prm.findEmployee(request.employee_id),
  ]);
  if (party?.id !== request.party_id) throw forbidden('Only the doctor of the request can sign it', 'not_the_doctor');
  if (employee?.status !== 'APPROVED' || !employee.is_active)
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

/** Any log head from the request's creation on serves: one that rolls on between reading and signing refuses nobody. */
async function knownSeed(
  deps: IlDeps,
  request: StoredRequest,
  content: Record<string, unknown>,
  call: Call,
): Promise<string> {
  const seed = content['seed'];
  const refused = invalidField('$.content.seed', 'is not a log head from the creation of the request on', 'invalid');
  if (typeof seed !== 'string' || seed.length > 200) throw refused;
  const head = await deps.ops.getHead({ params: { hash: seed } }, call.context).catch((error: unknown) => {
    if (error instanceof Problem && error.status === 404) throw refused;
    throw error;
  });
  if (head.size < request.seed_size) throw refused;
  return seed;
}

function contentHash(deps: IlDeps, content: Record<string, unknown>): Buffer {
  return keyedHash(deps, 'content', Buffer.from(contentBytes(content)).toString('base64'));
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
