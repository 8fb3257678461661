import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import type { KeyContext, KeyProvider } from './provider.ts';

/**
 * One random 256-bit data key per owner and purpose, wrapped, in a key database of its own whose backups are short-
 * lived: dropping the key makes the owner's data unreadable, in old backups too (crypto-shredding).
 */
export type KeyStore = {
  /** The owner's key, made on first use; the same for all who ask at once. */
  getOrCreate(owner_id: string): Promise<Uint8Array>;
  /** The keys of many owners, made where there were none, in one durable statement; erased owners are absent. */
  getOrCreateMany(owner_ids: readonly string[]): Promise<Map<string, Uint8Array>>;
  /** The owner's key, or undefined when it never was or was dropped. */
  find(owner_id: string): Promise<Uint8Array | undefined>;
  /** The keys of many owners in one round trip; dropped ones are absent. */
  findMany(owner_ids: readonly string[]): Promise<Map<string, Uint8Array>>;
  /** Forgets the key for good. A tombstone keeps it from being made anew. @returns whether there was one. */
  drop(owner_id: string): Promise<boolean>;
  /** Wraps keys of older generations anew, `batch` at a time. @returns how many were changed. */
  rewrap(batch: number): Promise<number>;
};

/** @param pool of the key database, as the module's key role; its table comes from this folder's `wrapped-keys.sql`. */
export function createKeyStore(
  pool: Pool,
  provider: KeyProvider,
  scope: { module: string; purpose: string },
): KeyStore {
  const contextOf = (owner_id: string): KeyContext => ({ ...scope, owner_id });
  const unwrap = ({ owner_id, key_id, bytes }: Row) => provider.unwrap({ key_id, bytes: bytes! }, contextOf(owner_id));

  async function findMany(owner_ids: readonly string[]): Promise<Map<string, Uint8Array>> {
    const { rows } = await pool.query<Row>(
      'select owner_id, key_id, bytes from wrapped_keys where purpose = $1 and owner_id = any($2) and bytes is not null',
      [scope.purpose, owner_ids],
    );
    return new Map(await Promise.all(rows.map(async (row) => [row.owner_id, await unwrap(row)] as const)));
  }

  async function find(owner_id: string) {
    return (await findMany([owner_id])).get(owner_id);
  }

  async function getOrCreate(owner_id: string) {
    const key = (await getOrCreateMany([owner_id])).get(owner_id);
    if (!key) throw new ErasedOwnerError();
    return key;
  }

  async function getOrCreateMany(owner_ids: readonly string[]): Promise<Map<string, Uint8Array>> {
    const fresh = new Map([...new Set(owner_ids)].sort().map((owner_id) => [owner_id, randomBytes(32)]));
    const wrapped = await Promise.all([...fresh].map(([owner_id, key]) => provider.wrap(key, contextOf(owner_id))));
    const { rows } = await pool.query<{ owner_id: string }>(
      `insert into wrapped_keys (purpose, owner_id, key_id, bytes)
       select $1, * from unnest($2::uuid[], $3::text[], $4::bytea[]) on conflict do nothing returning owner_id`,
      [
        scope.purpose,
        [...fresh.keys()],
        wrapped.map(({ key_id }) => key_id),
        wrapped.map(({ bytes }) => Buffer.from(bytes)),
      ],
    );
    const made = new Set(rows.map((row) => row.owner_id));
    const others = [...fresh.keys()].filter((owner_id) => !made.has(owner_id));
    const keys = others.length === 0 ? new Map<string, Uint8Array>() : await findMany(others);
    for (const owner_id of made) keys.set(owner_id, new Uint8Array(fresh.get(owner_id)!));
    return keys;
  }

  async function drop(owner_id: string) {
    const { rows } = await pool.query<{ had: boolean }>(
      `insert into wrapped_keys (purpose, owner_id, key_id, bytes, dropped_at) values ($1, $2, '', null, now())
       on conflict (purpose, owner_id) do update set bytes = null, dropped_at = coalesce(wrapped_keys.dropped_at, now())
       returning (select w.bytes is not null from wrapped_keys w where w.purpose = $1 and w.owner_id = $2) as had`,
      [scope.purpose, owner_id],
    );
    return rows[0]!.had;
  }

  async function rewrap(batch: number) {
    const { rows } = await pool.query<Row>(
      'select owner_id, key_id, bytes from wrapped_keys where purpose = $1 and bytes is not null and key_id <> $2 limit $3',
      [scope.purpose, provider.current_key_id(), batch],
    );
    for (const row of rows) {
      const wrapped = await provider.wrap(await unwrap(row), contextOf(row.owner_id));
      await pool.query(
        'update wrapped_keys set key_id = $3, bytes = $4 where purpose = $1 and owner_id = $2 and key_id = $5 and bytes is not null',
        [scope.purpose, row.owner_id, wrapped.key_id, wrapped.bytes, row.key_id],
      );
    }
    return rows.length;
  }

  return { getOrCreate, getOrCreateMany, find, findMany, drop, rewrap };
}

/** The owner was erased: nothing more may be written under that id. */
export class ErasedOwnerError extends Error {
  constructor() {
    super('The owner of this key was erased.');
    this.name = 'ErasedOwnerError';
  }
}

type Row = { owner_id: string; key_id: string; bytes: Buffer | null };
