import type { Paging } from '@zdravo/kit/contract';
import { pageOf, pagingOf } from '@zdravo/kit/http';
import { conflict, notFound } from '@zdravo/kit/problem';
import { type Kysely, sql } from 'kysely';
import { json, type PrmDeps, type PrmTransaction, type Within, write } from './deps.ts';
import { equalities } from './pages.ts';
import type { LegalEntity, LegalEntityType, MedicalServiceProvider } from './records.ts';
import type { Tables } from './tables.ts';

/** What a signed registration says of a legal entity (domain.md §3.1). */
export type NewLegalEntity = Pick<
  LegalEntity,
  'edrpou' | 'name' | 'owner_property_type' | 'legal_form' | 'kveds' | 'addresses' | 'phones' | 'email'
> & {
  /** Taken for a new one only; a known one keeps its id. */
  id: string;
  type: LegalEntityType;
  short_name?: string | null;
  public_name?: string | null;
  medical_service_provider?: MedicalServiceProvider | null;
  created_by_mis_client_id?: string | null;
};

/**
 * Registers a legal entity or brings the known one of the same code and type up to date, whoever comes first.
 * @throws Problem 409 when it is closed.
 */
export function putLegalEntity(
  deps: PrmDeps,
  input: NewLegalEntity,
  within: Within,
): Promise<{ legal_entity: LegalEntity; created: boolean }> {
  const entry = { action: 'put_legal_entity', resource: 'legal_entity', resource_id: input.id };
  return write(deps, within, entry, async (transaction) => {
    const known = await lockByCode(transaction, input);
    if (known?.status === 'CLOSED') throw conflict("LegalEntity can't be updated", 'legal_entity_closed');
    const stored =
      known ?? (await insert(transaction, input, within.actor_id)) ?? (await lockByCode(transaction, input))!;
    if (stored.status === 'CLOSED') throw conflict("LegalEntity can't be updated", 'legal_entity_closed');
    const created = stored.id === input.id && known === undefined;
    if (!created) await update(transaction, deps, stored.id, input, within.actor_id);
    await putProvider(transaction, stored.id, input);
    return { legal_entity: await getLegalEntity(transaction, stored.id), created };
  });
}

function lockByCode(transaction: PrmTransaction, { edrpou, type }: NewLegalEntity) {
  return transaction
    .selectFrom('prm.legal_entities')
    .select(['id', 'status'])
    .where('edrpou', '=', edrpou)
    .where('type', '=', type)
    .forUpdate()
    .executeTakeFirst();
}

/** @returns nothing when another registration of the same code was first. */
function insert(transaction: PrmTransaction, input: NewLegalEntity, actor_id: string) {
  const registered = sql<string>`case when exists (
    select from prm.registered_providers where edrpou = ${input.edrpou} and type = ${input.type}
  ) then 'VERIFIED' else 'NOT_VERIFIED' end`;
  return transaction
    .insertInto('prm.legal_entities')
    .values({
      ...columnsOf(input),
      id: input.id,
      edrpou: input.edrpou,
      type: input.type,
      mis_verified: registered,
      created_by_mis_client_id: input.created_by_mis_client_id ?? null,
      inserted_by: actor_id,
      updated_by: actor_id,
    })
    .onConflict((one) => one.constraint('legal_entities_edrpou').doNothing())
    .returning(['id', 'status'])
    .executeTakeFirst();
}

function update(transaction: PrmTransaction, deps: PrmDeps, id: string, input: NewLegalEntity, actor_id: string) {
  return transaction
    .updateTable('prm.legal_entities')
    .set({ ...columnsOf(input), updated_by: actor_id, updated_at: deps.clock.now().toISOString() })
    .where('id', '=', id)
    .execute();
}

function columnsOf(input: NewLegalEntity) {
  return {
    name: input.name,
    short_name: input.short_name ?? null,
    public_name: input.public_name ?? null,
    owner_property_type: input.owner_property_type,
    legal_form: input.legal_form,
    kveds: input.kveds,
    addresses: json(input.addresses),
    phones: json(input.phones),
    email: input.email,
  };
}

async function putProvider(transaction: PrmTransaction, legal_entity_id: string, input: NewLegalEntity): Promise<void> {
  const provider = input.medical_service_provider;
  if (!provider) return;
  const values = {
    licenses: json(provider.licenses),
    accreditation: provider.accreditation && json(provider.accreditation),
  };
  await transaction
    .insertInto('prm.medical_service_providers')
    .values({ legal_entity_id, type: input.type, ...values })
    .onConflict((one) => one.column('legal_entity_id').doUpdateSet(values))
    .execute();
}

/** Vouched for by a MIS or by the payer: once. @throws Problem 409 when it was already, or is not active. */
export function verifyLegalEntity(deps: PrmDeps, id: string, by: 'mis' | 'nhs', within: Within): Promise<LegalEntity> {
  const entry = { action: `${by}_verify`, resource: 'legal_entity', resource_id: id };
  return write(deps, within, entry, async (transaction) => {
    const current = await lockLegalEntity(transaction, id);
    refuseInactive(current);
    const verified = by === 'mis' ? current.mis_verified === 'VERIFIED' : current.nhs_verified;
    if (verified) throw conflict('LegalEntity is VERIFIED and cannot be VERIFIED.', 'legal_entity_verified');
    await transaction
      .updateTable('prm.legal_entities')
      .set({
        ...(by === 'mis' ? { mis_verified: 'VERIFIED' } : { nhs_verified: true }),
        updated_by: within.actor_id,
        updated_at: deps.clock.now().toISOString(),
      })
      .where('id', '=', id)
      .execute();
    return getLegalEntity(transaction, id);
  });
}

/** ACTIVE → CLOSED, for good. @throws Problem 409 when it is not active. */
export function closeLegalEntity(deps: PrmDeps, id: string, within: Within): Promise<LegalEntity> {
  const entry = { action: 'close_legal_entity', resource: 'legal_entity', resource_id: id };
  return write(deps, within, entry, async (transaction) => {
    refuseInactive(await lockLegalEntity(transaction, id));
    await transaction
      .updateTable('prm.legal_entities')
      .set({
        status: 'CLOSED',
        is_active: false,
        updated_by: within.actor_id,
        updated_at: deps.clock.now().toISOString(),
      })
      .where('id', '=', id)
      .execute();
    return getLegalEntity(transaction, id);
  });
}

/** Of what is closed nothing changes any more (domain.md §3.1). */
function refuseInactive({ status }: { status: string }): void {
  if (status !== 'ACTIVE')
    throw conflict('Legal entity is not ACTIVE and cannot be updated', 'legal_entity_not_active');
}

async function lockLegalEntity(transaction: PrmTransaction, id: string) {
  const row = await transaction
    .selectFrom('prm.legal_entities')
    .select(['status', 'mis_verified', 'nhs_verified'])
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  if (!row) throw notFound();
  return row;
}

export async function findLegalEntity(db: Kysely<Tables>, id: string): Promise<LegalEntity | undefined> {
  return (await withProvider(db).where('entity.id', '=', id).executeTakeFirst()) as LegalEntity | undefined;
}

/** The same of many, by their ids. */
export async function findLegalEntities(db: Kysely<Tables>, ids: readonly string[]): Promise<Map<string, LegalEntity>> {
  const rows = await withProvider(db).where(sql<boolean>`entity.id = any(${ids}::uuid[])`).execute();
  return new Map(rows.map((row) => [row.id, row as LegalEntity]));
}

export async function getLegalEntity(db: Kysely<Tables>, id: string): Promise<LegalEntity> {
  const found = await findLegalEntity(db, id);
  if (!found) throw notFound();
  return found;
}

export type LegalEntityFilter = {
  page?: number;
  page_size?: number;
  id?: string;
  edrpou?: string;
  /** Part of the name, in any case. */
  name?: string;
  settlement_id?: string;
  type?: string;
  owner_property_type?: string;
  status?: string;
  is_active?: boolean;
  mis_verified?: string;
  nhs_verified?: boolean;
};

const filter_columns = [
  'id',
  'edrpou',
  'settlement_id',
  'type',
  'owner_property_type',
  'status',
  'is_active',
  'mis_verified',
  'nhs_verified',
];

/** The newest first. */
export async function listLegalEntities(
  db: Kysely<Tables>,
  { page, page_size, name, ...conditions }: LegalEntityFilter,
): Promise<{ data: LegalEntity[]; paging: Paging }> {
  const wanted = pageOf({ page, page_size });
  const where = sql<boolean>`${equalities('entity', filter_columns, conditions)}
    and ${name === undefined ? sql`true` : sql`position(lower(${name}) in lower(entity.name)) > 0`}`;
  const { total } = await db
    .selectFrom('prm.legal_entities as entity')
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .where(where)
    .executeTakeFirstOrThrow();
  const rows = await withProvider(db)
    .where(where)
    .orderBy('entity.inserted_at', 'desc')
    .orderBy('entity.id')
    .limit(wanted.limit)
    .offset(wanted.offset)
    .execute();
  return { data: rows as LegalEntity[], paging: pagingOf(wanted, total) };
}

function withProvider(db: Kysely<Tables>) {
  return db
    .selectFrom('prm.legal_entities as entity')
    .leftJoin('prm.medical_service_providers as provider', 'provider.legal_entity_id', 'entity.id')
    .select([
      'entity.id',
      'entity.type',
      'entity.edrpou',
      'entity.name',
      'entity.short_name',
      'entity.public_name',
      'entity.owner_property_type',
      'entity.legal_form',
      'entity.kveds',
      'entity.addresses',
      'entity.phones',
      'entity.email',
      'entity.status',
      'entity.is_active',
      'entity.mis_verified',
      'entity.nhs_verified',
      'entity.created_by_mis_client_id',
      'entity.inserted_by',
      'entity.updated_by',
      'entity.inserted_at',
      'entity.updated_at',
    ])
    .select(
      sql<unknown>`case when provider.licenses is not null
        then jsonb_build_object('licenses', provider.licenses, 'accreditation', provider.accreditation) end`.as(
        'medical_service_provider',
      ),
    );
}
