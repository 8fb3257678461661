import type { Call, CallContext } from '@zdravo/kit/http';
import { notFound } from '@zdravo/kit/problem';
import type { ContainerReceipt, Declaration, DeclarationReceipt } from '@zdravo/ops/contract';
import { restrictedTo } from '../client-context.ts';
import type { IlDeps } from '../deps.ts';
import { documentIdOf } from '../legal-entities/register.ts';
import { waitOf } from './prefer.ts';

/**
 * The receipt of what was just written, if the caller asked to wait for it (`Prefer: wait=N`): for the answer of a
 * signature, which must not fail because the log is slow.
 * @returns undefined when nobody asked, or when no checkpoint covered the leaf in time.
 */
export async function waitForReceipt(
  { ops, log }: Pick<IlDeps, 'ops' | 'log'>,
  declaration_id: string,
  call: Pick<Call, 'headers' | 'context'>,
): Promise<DeclarationReceipt | undefined> {
  const wait_ms = waitOf(call.headers['prefer']);
  if (wait_ms === 0) return undefined;
  try {
    const receipt = await ops.getReceipt({ params: { id: declaration_id }, query: { wait_ms } }, call.context);
    return receipt.receipt === null ? undefined : receipt;
  } catch (error) {
    log.warn({ err: error }, 'a receipt could not be waited for');
    return undefined;
  }
}

/** A receipt for whoever may read the declaration. @throws Problem 404 */
export async function getReceipt(
  deps: Pick<IlDeps, 'ops'>,
  { id, version }: { id: string; version?: number | undefined },
  call: Call,
): Promise<DeclarationReceipt> {
  await getReadable(deps, id, call);
  const wait_ms = waitOf(call.headers['prefer']);
  const query = { wait_ms, ...(version === undefined ? {} : { version }) };
  return deps.ops.getReceipt({ params: { id }, query }, call.context);
}

/** The receipt of its upgraded container, likewise. @throws Problem 404, also until it was upgraded. */
export async function getContainerReceipt(
  deps: Pick<IlDeps, 'ops'>,
  id: string,
  call: Call,
): Promise<ContainerReceipt> {
  await getReadable(deps, id, call);
  const query = { wait_ms: waitOf(call.headers['prefer']) };
  return deps.ops.getContainerReceipt({ params: { id }, query }, call.context);
}

/** The receipt of a legal entity's newest registration: clinics their own, others all. @throws Problem 404 */
export async function getRegistrationReceipt(
  { db, ops }: Pick<IlDeps, 'db' | 'ops'>,
  { id, version }: { id: string; version?: number | undefined },
  call: Call,
): Promise<ContainerReceipt> {
  const own = restrictedTo(call.principal);
  const newest = await db
    .selectFrom('il.legal_entity_registrations')
    .select('container_sha256')
    .where('legal_entity_id', '=', id)
    .orderBy('inserted_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!newest || (own !== undefined && own !== id)) throw notFound();
  const query = { wait_ms: waitOf(call.headers['prefer']), ...(version === undefined ? {} : { version }) };
  return ops.getDocumentReceipt({ params: { id: documentIdOf(newest.container_sha256) }, query }, call.context);
}

/** A declaration that the caller may read: clinics their own, others all. @throws Problem 404 */
export async function getReadable(
  { ops }: Pick<IlDeps, 'ops'>,
  id: string,
  { principal, context }: { principal: Call['principal']; context: CallContext },
): Promise<Declaration> {
  const declaration = await ops.getDeclaration({ params: { id } }, context);
  const own = restrictedTo(principal);
  if (own !== undefined && own !== declaration.legal_entity_id) throw notFound();
  return declaration;
}
