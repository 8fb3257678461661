import type { CallContext } from '@zdravo/kit/http';
import { accessDenied, invalidField, notFound } from '@zdravo/kit/problem';
import { type AuthDeps, type AuthTransaction, audit, type ForeignTransaction, inTransaction } from './deps.ts';
import { isRedirectUri } from './redirect-uri.ts';
import { announceRevocation } from './revocations.ts';
import { hashSecret, newSecretText, sameBytes } from './secrets.ts';

export type Client = {
  id: string;
  name: string;
  client_type_id: string;
  client_type: string;
  client_type_scope: string[];
  redirect_uri: string | null;
  access_type: string;
  broker_scope: string[] | null;
  allowed_grant_types: string[];
  is_blocked: boolean;
};

export type NewClient = {
  /** Of a clinic: the id of its legal entity. */
  id: string;
  name: string;
  /** Name of a seeded client type. */
  client_type: string;
  redirect_uri?: string | null;
  access_type?: 'DIRECT' | 'BROKER';
  /** Makes the client a broker: what may pass through it at most. */
  broker_scope?: readonly string[];
  allowed_grant_types?: readonly string[];
};

/**
 * Creates a client, or brings an existing one up to date without touching its secret.
 * @returns the secret of a new client, the only time that it is seen, beside `refreshSecret`.
 * @throws Problem 422 for an address that a browser must not be sent to, Error for a client type that was never seeded.
 */
export function putClient(
  deps: AuthDeps,
  input: NewClient,
  context?: CallContext,
  foreign?: ForeignTransaction,
): Promise<{ client_id: string; created: boolean; secret?: string }> {
  refuseUnsafeAddress(input.redirect_uri);
  return inTransaction(deps, foreign, async (transaction) => {
    const secret = newSecretText();
    const values = { ...(await columnsOf(transaction, input)), secret_hash: hashSecret(secret) };
    const inserted = await transaction
      .insertInto('auth.clients')
      .values({ id: input.id, ...values })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .returning('id')
      .executeTakeFirst();
    if (!inserted) await updateClient(deps, transaction, input);
    const action = inserted ? 'create_client' : 'update_client';
    await audit(transaction, context, { action, resource: 'client', resource_id: input.id });
    return inserted ? { client_id: input.id, created: true, secret } : { client_id: input.id, created: false };
  });
}

function refuseUnsafeAddress(redirect_uri: string | null | undefined): void {
  if (redirect_uri === null || redirect_uri === undefined || isRedirectUri(redirect_uri)) return;
  throw invalidField('$.redirect_uri', 'must be an absolute http(s) address without a fragment', 'format', ['uri']);
}

async function columnsOf(transaction: AuthTransaction, input: NewClient) {
  const type = await transaction
    .selectFrom('auth.client_types')
    .select('id')
    .where('name', '=', input.client_type)
    .executeTakeFirst();
  if (!type) throw new Error(`The client type ${input.client_type} was not seeded.`);
  return {
    name: input.name,
    client_type_id: type.id,
    ...(input.redirect_uri === undefined ? {} : { redirect_uri: input.redirect_uri }),
    ...(input.access_type === undefined ? {} : { access_type: input.access_type }),
    ...(input.broker_scope === undefined ? {} : { broker_scope: [...input.broker_scope] }),
    ...(input.allowed_grant_types === undefined ? {} : { allowed_grant_types: [...input.allowed_grant_types] }),
  };
}

/** Absent members stay as they are. */
async function updateClient(deps: AuthDeps, transaction: AuthTransaction, input: NewClient): Promise<void> {
  await transaction
    .updateTable('auth.clients')
    .set({ ...(await columnsOf(transaction, input)), updated_at: deps.clock.now().toISOString() })
    .where('id', '=', input.id)
    .execute();
  await announceRevocation(transaction, { client_id: input.id });
}

const client_columns = [
  'c.id',
  'c.name',
  'c.client_type_id',
  'ct.name as client_type',
  'ct.scope as client_type_scope',
  'c.redirect_uri',
  'c.access_type',
  'c.broker_scope',
  'c.allowed_grant_types',
  'c.is_blocked',
] as const;

export function findClient(deps: Pick<AuthDeps, 'db'>, id: string): Promise<Client | undefined> {
  return deps.db
    .selectFrom('auth.clients as c')
    .innerJoin('auth.client_types as ct', 'ct.id', 'c.client_type_id')
    .select(client_columns)
    .where('c.id', '=', id)
    .executeTakeFirst();
}

/** @throws Problem 404. */
export async function getClient(deps: Pick<AuthDeps, 'db'>, id: string): Promise<Client> {
  const client = await findClient(deps, id);
  if (!client) throw notFound();
  return client;
}

/** The client that a sign-in names; no secret is asked of login pages. */
export async function getOpenClient(deps: Pick<AuthDeps, 'db'>, id: string): Promise<Client> {
  const client = await findClient(deps, id);
  if (!client) throw accessDenied('Invalid client id.', 'client_invalid');
  if (client.is_blocked) throw accessDenied('Client is blocked.', 'client_blocked');
  return client;
}

/** The client that proves itself by its secret (RFC 6749 §2.3.1). */
export async function authenticateClient(
  deps: Pick<AuthDeps, 'db'>,
  credentials: { client_id: string; client_secret: string },
): Promise<Client> {
  const client = await findClient(deps, credentials.client_id);
  const stored = await deps.db
    .selectFrom('auth.clients')
    .select('secret_hash')
    .where('id', '=', credentials.client_id)
    .executeTakeFirst();
  const expected = stored?.secret_hash ?? Buffer.alloc(32);
  const matches = sameBytes(expected, hashSecret(credentials.client_secret));
  if (!client || !matches) throw accessDenied('Invalid client id or secret.', 'client_invalid');
  if (client.is_blocked) throw accessDenied('Client is blocked.', 'client_blocked');
  return client;
}

/** Gives a client a new secret; the old one ends with the same commit, as an API-key too. */
export function refreshSecret(deps: AuthDeps, id: string, context?: CallContext): Promise<Client & { secret: string }> {
  return deps.db.transaction().execute(async (transaction) => {
    const secret = newSecretText();
    await transaction
      .updateTable('auth.clients')
      .set({ secret_hash: hashSecret(secret), updated_at: deps.clock.now().toISOString() })
      .where('id', '=', id)
      .execute();
    await announceRevocation(transaction, { client_id: id });
    await audit(transaction, context, { action: 'refresh_secret', resource: 'client', resource_id: id });
    return { ...(await getClient({ db: transaction }, id)), secret };
  });
}

/** Bars a client, or lets it in again: its tokens stop and go on with it. */
export function setClientBlocked(
  deps: AuthDeps,
  id: string,
  block: { blocked: boolean; reason?: string },
  context?: CallContext,
  foreign?: ForeignTransaction,
): Promise<void> {
  return inTransaction(deps, foreign, async (transaction) => {
    await transaction
      .updateTable('auth.clients')
      .set({ is_blocked: block.blocked, block_reason: block.blocked ? (block.reason ?? null) : null })
      .where('id', '=', id)
      .execute();
    await announceRevocation(transaction, { client_id: id });
    const action = block.blocked ? 'block_client' : 'unblock_client';
    await audit(transaction, context, { action, resource: 'client', resource_id: id });
  });
}
