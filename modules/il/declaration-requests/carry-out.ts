import { randomUUID } from 'node:crypto';
import type { CallContext } from '@zdravo/kit/http';
import type { Job } from '@zdravo/kit/jobs';
import { Problem } from '@zdravo/kit/problem';
import type { Holding, StoredContainer } from '@zdravo/mcs';
import type { Declaration, NewDeclaration } from '@zdravo/ops/contract';
import type { IlDeps } from '../deps.ts';
import { forIndex } from './authentication.ts';
import { openForRequest, openRequest, type RequestData, type StoredRequest, signing_status } from './requests.ts';

/** What the steps work with, out of the request's sealed columns. */
type OpenedIntent = {
  data: RequestData;
  container: Buffer;
  /** Whether this is the first time that the steps are carried out. */
  is_first: boolean;
};

/**
 * The steps behind an intent (design.md §4.4): container and person, which do not need each other and go side by side, then
 * declaration, then result. Each is a PUT by an id that the row holds, so that whoever comes again repeats them without harm.
 * @param opened when the caller has it in hand; read from the row otherwise.
 * @throws Problem 503 of a neighbour; the worker then goes on.
 */
export async function carryOut(
  deps: IlDeps,
  request: StoredRequest,
  context: CallContext,
  opened?: OpenedIntent,
): Promise<Declaration> {
  const intent = opened ?? (await openIntent(deps, request));
  if (!intent) return finished(deps, request, context);
  const container = storeContainer(deps, request, intent);
  // When the person is refused first, nobody waits for the container any more.
  container.catch(() => undefined);
  const { declaration, holding } = await storeDeclaration(deps, { request, data: intent.data, container }, context);
  await deps.mcs.assignPerson({
    resource_ids: request.method === 'OFFLINE' ? [request.id] : [],
    holdings: [holding],
    person_id: declaration.person_id,
  });
  await finish(deps, request);
  return declaration;
}

function storeContainer({ mcs }: IlDeps, request: StoredRequest, { container, is_first }: OpenedIntent) {
  return mcs.storeSignedContainer({
    resource_type: 'declaration',
    resource_id: request.declaration_id,
    container,
    sha256: request.container_sha256!,
    is_first,
    awaits_person: true,
  });
}

async function openIntent(deps: IlDeps, request: StoredRequest): Promise<OpenedIntent | undefined> {
  const open = await openRequest(deps, request);
  if (!open || !request.sealed_container) return undefined;
  const container = openForRequest(open.key, request.id, request.sealed_container);
  return { data: open.data, container, is_first: false };
}

type Signed = { request: StoredRequest; data: RequestData; container: Promise<StoredContainer> };

type Stored = { declaration: Declaration; holding: Holding };

/** Person, then declaration. Whoever was erased since the intent begins anew: a consent after an erasure is a new one. */
async function storeDeclaration(deps: IlDeps, signed: Signed, context: CallContext): Promise<Stored> {
  try {
    return await putPersonAndDeclaration(deps, signed, context);
  } catch (error) {
    if (!(error instanceof Problem && error.code === 'person_erased')) throw error;
    const { id } = signed.request;
    const new_person_id = randomUUID();
    await deps.db
      .updateTable('il.declaration_requests')
      .set({ new_person_id })
      .where('id', '=', id)
      .where('status', '=', 'SIGNING')
      .execute();
    return putPersonAndDeclaration(deps, { ...signed, request: { ...signed.request, new_person_id } }, context);
  }
}

/** While the declaration is stored, the person's key for the container is made: of the container nothing is written yet. */
async function putPersonAndDeclaration(deps: IlDeps, signed: Signed, context: CallContext): Promise<Stored> {
  const { request, data, container } = signed;
  const person = await deps.mpi.putPerson(
    {
      params: { id: request.new_person_id },
      body: { person: forIndex(data.person), source: { type: 'declaration_request', id: request.id } },
    },
    { ...context, purpose: 'sign_declaration' },
  );
  const stored = await container;
  const holding = deps.mcs.prepareAssignment(stored.holding, person.id);
  // When the declaration is refused first, nobody waits for it any more.
  holding.catch(() => undefined);
  const body = declarationOf(request, data, person, stored.sha256);
  const declaration = await deps.ops.putDeclaration({ params: { id: request.declaration_id }, body }, context);
  return { declaration, holding: await holding };
}

/** Somebody else was faster: the result is there. */
function finished(deps: IlDeps, request: StoredRequest, context: CallContext): Promise<Declaration> {
  return deps.ops.getDeclaration({ params: { id: request.declaration_id } }, context);
}

/** The declaration that a signed request becomes. */
export function declarationOf(
  request: StoredRequest,
  data: Pick<RequestData, 'scope'>,
  person: { id: string; pseudonym: string },
  signed_content_sha256: string,
): NewDeclaration {
  const is_offline = request.method === 'OFFLINE';
  return {
    person_id: person.id,
    pseudonym: person.pseudonym,
    employee_id: request.employee_id,
    division_id: request.division_id,
    legal_entity_id: request.legal_entity_id,
    declaration_request_id: request.id,
    declaration_number: request.declaration_number,
    scope: data.scope,
    start_date: request.start_date,
    end_date: request.end_date,
    signed_at: request.signed_at!,
    seed: request.seed!,
    overlimit: false,
    status: is_offline ? 'pending_verification' : 'active',
    reason: is_offline ? 'offline' : null,
    created_by: request.signed_by!,
    evidence: {
      signed_content_sha256,
      verification_id: request.verification_id,
      documents: request.documents as { type: string; sha256: string }[],
    },
  };
}

/** SIGNING → SIGNED, once; with it the personal data go. */
async function finish(deps: IlDeps, { id, signed_by }: StoredRequest): Promise<void> {
  await deps.signing.results.run({ id, signed_by: signed_by!, at: deps.clock.now().toISOString() });
}

/** Seconds after which a signature whose steps nobody finished is taken up by the worker. */
const patience_s = 20;

/** Carries on where a signing stopped, until its declaration stands. */
export function signingJob(deps: IlDeps): Job {
  return { name: 'finish_signings', schedule: '* * * * *', run: () => finishSignings(deps, patience_s) };
}

/** Takes up signatures that stopped between intent and result. */
export async function finishSignings(deps: IlDeps, older_than_s: number): Promise<void> {
  const before = new Date(deps.clock.now().getTime() - older_than_s * 1000).toISOString();
  const stuck = await deps.db
    .selectFrom('il.declaration_requests')
    .select(['id', 'signed_by'])
    .where('status', '=', signing_status)
    .where('updated_at', '<=', before)
    .limit(500)
    .execute();
  for (const { id, signed_by } of stuck) {
    const request = await deps.requests.find(id);
    const context = { request_id: `finish-signing-${id}`, ...(signed_by === null ? {} : { actor_id: signed_by }) };
    if (request?.status !== 'SIGNING') continue;
    await carryOut(deps, request, context).catch((error: unknown) =>
      deps.log.warn({ err: error, declaration_request_id: id }, 'a signature could not be finished yet'),
    );
  }
}
