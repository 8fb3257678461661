import { KeyError } from '@zdravo/kit/keys';
import { sql } from 'kysely';
import type { Person } from '../contract.ts';
import type { MpiDeps } from '../deps.ts';
import { recordRead } from '../persons/get-person.ts';
import { openPersons } from '../persons/read-versions.ts';
import { type Opening, openOfEpoch, type Sealing, sealInEpoch } from '../vault/epochs.ts';
import type { SheetField } from './contract.ts';

export type Sheet = Partial<Record<SheetField, string>>;
export type SheetPair = [Sheet, Sheet];

const batch_size = 50;

type Waiting = { id: string; low_id: string; high_id: string; versions: Record<string, number> };

/**
 * Prepares what reviewers may see of the open pairs, of the persons as they are now, each pair sealed under a key of its
 * own: reviewers never open the vault. Keys and sheets of decided pairs are dropped.
 */
export async function prepareSheets(deps: MpiDeps, signal?: AbortSignal): Promise<void> {
  await dropDecided(deps);
  for (;;) {
    const waiting = await findWaiting(deps);
    let prepared = 0;
    for (const item of waiting) if (await prepareOne(deps, item)) prepared += 1;
    if (waiting.length < batch_size || prepared === 0 || signal?.aborted) return;
  }
}

async function findWaiting({ db }: MpiDeps): Promise<Waiting[]> {
  const { rows } = await sql<Waiting>`
    select item.id, low.id as low_id, high.id as high_id,
      jsonb_build_object(low.id::text, low.version, high.id::text, high.version) as versions
    from mpi.review_items item
    join mpi.persons low on low.id = item.low_id and low.status = 'active'
    join mpi.persons high on high.id = item.high_id and high.status = 'active'
    left join mpi.review_sheets sheet on sheet.item_id = item.id
    where item.status = 'new' and (sheet.item_id is null
      or sheet.versions <> jsonb_build_object(low.id::text, low.version, high.id::text, high.version))
    order by item.created_at limit ${batch_size}`.execute(db);
  return rows;
}

/** @returns false for a pair of which a key or a ciphertext does not open: it is told, and the others are not held up. */
async function prepareOne(deps: MpiDeps, item: Waiting): Promise<boolean> {
  try {
    await prepare(deps, item);
    return true;
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    deps.log.error({ err: error, review_item_id: item.id }, `a pair cannot be prepared for review: ${error.hint}`);
    return false;
  }
}

async function prepare(deps: MpiDeps, { id, low_id, high_id, versions }: Waiting): Promise<void> {
  const persons = await openPersons(deps, deps.db, [low_id, high_id]);
  const [low, high] = [persons.get(low_id), persons.get(high_id)];
  if (!low || !high) return;
  const [key, epoch] = await Promise.all([deps.sheet_keys.getOrCreate(id), deps.sheet_epoch()]);
  const ciphertext = sealSheets({ key, epoch }, id, [sheetOf(low), sheetOf(high)]);
  const asker = { request_id: `review-sheet-${id}`, actor_id: null, client_id: null, purpose: 'review' };
  await recordRead(deps, 'person.review_sheet', [low_id, high_id], asker);
  await sql`
    insert into mpi.review_sheets (item_id, ciphertext, versions) values (${id}, ${ciphertext}, ${JSON.stringify(versions)}::jsonb)
    on conflict (item_id) do update set ciphertext = excluded.ciphertext, versions = excluded.versions, prepared_at = now()`.execute(
    deps.db,
  );
}

async function dropDecided({ db, sheet_keys }: MpiDeps): Promise<void> {
  const { rows } = await sql<{ item_id: string }>`
    select item_id from mpi.review_sheets sheet join mpi.review_items item on item.id = sheet.item_id
    left join mpi.persons erased on erased.id in (item.low_id, item.high_id) and erased.status = 'erased'
    where item.status = 'decided' or erased.id is not null limit 1000`.execute(db);
  for (const { item_id } of rows) {
    await sheet_keys.drop(item_id);
    await db.deleteFrom('mpi.review_sheets').where('item_id', '=', item_id).execute();
  }
}

function sheetOf(person: Person): Sheet {
  const { first_name, last_name, second_name, birth_date, gender, birth_settlement, tax_id, addresses } = person;
  const texts = {
    first_name,
    last_name,
    second_name: second_name ?? '',
    birth_date,
    gender,
    birth_settlement,
    settlement: addresses.map((address) => String(address['settlement'] ?? '')).find((text) => text !== '') ?? '',
    tax_id: tax_id ?? '',
    documents: person.documents.map(({ type, number }) => `${type} ${number}`).join('; '),
    phones: (person.phones ?? []).map(({ number }) => number).join('; '),
  };
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== ''));
}

function sealSheets(sealing: Sealing, item_id: string, pair: SheetPair): Buffer {
  const text = JSON.stringify(pair);
  const padded = text.padEnd(Math.ceil(text.length / 512) * 512, ' ');
  return sealInEpoch(sealing, Buffer.from(padded), Buffer.from(`review ${item_id}`));
}

/** @throws KeyError when key, bytes or item are not those of the sealing. */
export function openSheets(opening: Opening, item_id: string, sealed: Uint8Array): SheetPair {
  return JSON.parse(openOfEpoch(opening, sealed, Buffer.from(`review ${item_id}`)).toString()) as SheetPair;
}
