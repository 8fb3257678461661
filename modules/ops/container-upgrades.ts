import { type KeyObject, randomBytes } from 'node:crypto';
import { retryOnConflict } from '@zdravo/kit/db';
import { openEnvelope, sealEnvelope } from '@zdravo/kit/keys';
import { conflict, notFound } from '@zdravo/kit/problem';
import { canonicalJson, hashLeaf } from '@zdravo/tlog';
import { sql, type Transaction } from 'kysely';
import type { ContainerUpgrade, NewContainerUpgrade } from './contract.ts';
import { lockPersons, type OpsDeps } from './declarations.ts';
import type { Tables } from './tables.ts';
import { commitment, handleOf } from './versions.ts';
import { personErased, type WriteContext } from './write-version.ts';

/** What the leaf of an upgrade commits to. */
export type UpgradeBody = {
  /** That of the leaf: a declaration's container is upgraded once. */
  version: 1;
  op: 'upgrade';
  declaration_id: string;
  /** Of the container as first received, hex. */
  signed_content_sha256: string;
  /** Of the upgraded container, hex. */
  sha256: string;
  level: 'B-T' | 'B-LT';
  recorded_at: string;
};

/**
 * Commits a declaration's upgraded container to the log, once: row and waiting leaf in one transaction. Safe to repeat with
 * the same container. @throws Problem 404; 409 `container_upgrade_differs`, `person_erased`.
 */
export async function putContainerUpgrade(
  deps: OpsDeps,
  id: string,
  input: NewContainerUpgrade,
  context: WriteContext,
): Promise<ContainerUpgrade> {
  deps.heads.refuseWhenBehind();
  return retryOnConflict(() =>
    deps.db.transaction().execute(async (transaction) => {
      const head = await transaction
        .selectFrom('ops.declaration_heads')
        .select(['person_id', 'signed_content_sha256'])
        .where('id', '=', id)
        .executeTakeFirst();
      if (!head) throw notFound();
      await lockPersons(transaction, [head.person_id]);
      const stored = await findUpgrade(transaction, id);
      if (stored) return sameOrRefused(stored, input);
      const person_key = await findLivingKey(deps, transaction, head.person_id);
      const recorded_at = deps.clock.now().toISOString();
      const { signed_content_sha256 } = head;
      const body: UpgradeBody = {
        version: 1,
        op: 'upgrade',
        declaration_id: id,
        signed_content_sha256,
        ...input,
        recorded_at,
      };
      await insertUpgrade(transaction, { body, person_id: head.person_id, person_key, ...deps }, context);
      return (await findUpgrade(transaction, id))!;
    }),
  );
}

/** The salt of an upgrade's leaf. @throws KeyError when key or bytes were altered. */
export function openUpgradeSeed(row: { declaration_id: string; sealed_seed: Uint8Array }, person_key: Uint8Array) {
  return openEnvelope(person_key, row.sealed_seed, seedContext(row.declaration_id));
}

async function findUpgrade(transaction: Transaction<Tables>, id: string): Promise<ContainerUpgrade | undefined> {
  const row = await transaction
    .selectFrom('ops.container_upgrades')
    .select(['body', 'leaf_hash'])
    .where('declaration_id', '=', id)
    .executeTakeFirst();
  if (!row) return undefined;
  const { declaration_id, sha256, level, recorded_at } = JSON.parse(row.body.toString()) as UpgradeBody;
  return { declaration_id, sha256, level, recorded_at, leaf_hash: row.leaf_hash.toString('hex') };
}

function sameOrRefused(stored: ContainerUpgrade, { sha256 }: NewContainerUpgrade): ContainerUpgrade {
  if (stored.sha256 === sha256) return stored;
  throw conflict('Another upgraded container is logged for this declaration.', 'container_upgrade_differs');
}

async function findLivingKey({ keys }: OpsDeps, transaction: Transaction<Tables>, person_id: string) {
  const erased = await transaction
    .selectFrom('ops.erasures')
    .select('person_id')
    .where('person_id', '=', person_id)
    .executeTakeFirst();
  const key = erased ? undefined : await keys.find(person_id);
  if (!key) throw personErased();
  return key;
}

type Insertion = { body: UpgradeBody; person_id: string; person_key: Uint8Array; handle_key: KeyObject };

async function insertUpgrade(
  transaction: Transaction<Tables>,
  { body, person_id, person_key, handle_key }: Insertion,
  context: WriteContext,
): Promise<void> {
  const { declaration_id, recorded_at } = body;
  const bytes = Buffer.from(canonicalJson(body));
  const seed = randomBytes(32);
  const entry = upgradeEntry({ declaration_id, body: bytes, seed }, handle_key);
  const sealed_seed = Buffer.from(sealEnvelope(person_key, seed, seedContext(declaration_id)));
  await sql`
    with upgrade as (
      insert into ops.container_upgrades (declaration_id, person_id, body, sealed_seed, leaf_hash, recorded_at)
      values (${declaration_id}, ${person_id}, ${bytes}, ${sealed_seed}, ${Buffer.from(hashLeaf(entry))}, ${recorded_at})
    ), leaf as (
      insert into ops.pending_leaves (kind, record_id, version, entry) values ('container', ${declaration_id}, 1, ${entry})
    )
    insert into ops.audit_log (request_id, actor_id, client_id, action, resource, resource_id)
    values (${context.request_id}, null, ${context.client_id ?? null}, 'upgrade_container', 'declaration', ${declaration_id})`.execute(
    transaction,
  );
}

/** The public leaf of an upgraded container: it says nothing of whose declaration it is. */
export function upgradeEntry(
  { declaration_id, body, seed }: { declaration_id: string; body: Uint8Array; seed: Uint8Array },
  handle_key: KeyObject,
): Buffer {
  return Buffer.from(
    canonicalJson({
      c: commitment(seed, body).toString('base64'),
      h: handleOf(`container ${declaration_id}`, handle_key),
      k: 'container',
      n: 1,
      op: 'upgrade',
      v: 1,
    }),
  );
}

function seedContext(declaration_id: string): Buffer {
  return Buffer.from(`container ${declaration_id}`);
}
