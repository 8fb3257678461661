import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import { byteArray } from '../db/index.ts';
import { createGroupCommit, createGroupedLookup, type GroupCommit } from '../groups/index.ts';
import type { Logger } from '../log/index.ts';
import { checkGenerations, generationsInUse, type WrappedRow as Row } from './generations.ts';
import type { KeyContext, KeyProvider, WrappedKey } from './provider.ts';
import { type RewrapOptions, type Rewrapped, rewrapKeys } from './rewrap.ts';

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
  /**
   * Wraps the keys of older generations anew; what they seal stays as it is. Safe to stop and to repeat: what is left
   * bears the older generation. Keys that do not open are left as they are and counted.
   */
  rewrap(options?: RewrapOptions): Promise<Rewrapped>;
  /**
   * Opens a key of each generation in use, for the start of a process. What is lost is logged with what an operator can
   * do, and the rest is served. @throws KeyError when a generation is there but of another key: going on would wrap more
   * under it.
   */
  check(log: Logger): Promise<void>;
  /** The generations that keys are wrapped under now. */
  generations(): Promise<string[]>;
  /** All who have a key; for purposes of few owners. */
  owners(): Promise<string[]>;
};

export type KeyScope = { module: string; purpose: string };

/**
 * What is asked for at once goes to the database together: one statement, and for what is written one commit, whatever its purpose.
 * @param pool of the key database, as the module's key role; its table comes from this folder's `wrapped-keys.sql`.
 */
export function createKeyStore(pool: Pool, provider: KeyProvider, scope: KeyScope): KeyStore {
  const { purpose } = scope;
  const contextOf = (owner_id: string): KeyContext => ({ ...scope, owner_id });
  const unwrap = ({ owner_id, key_id, bytes }: Row) => provider.unwrap({ key_id, bytes: bytes! }, contextOf(owner_id));
  const lookups = createLookups(pool, purpose, unwrap);
  const getOrCreateMany = createMaker({ pool, provider, purpose, contextOf, findMany: lookups.findMany });
  const drops = createGroupCommit<string, boolean>({
    write: (owner_ids) => dropKeys(pool, purpose, owner_ids),
    keysOf: (owner_id) => [owner_id],
  });
  return {
    ...lookups,
    getOrCreateMany,
    getOrCreate: async (owner_id) => {
      const key = (await getOrCreateMany([owner_id])).get(owner_id);
      if (!key) throw new ErasedOwnerError();
      return key;
    },
    drop: drops.run,
    rewrap: (options) => rewrapKeys({ pool, provider, purpose, contextOf, ...options }),
    check: (log) => checkGenerations({ pool, purpose, unwrap, log }),
    generations: () => generationsInUse(pool, purpose),
    owners: async () => {
      const { rows } = await pool.query<{ owner_id: string }>(
        'select owner_id from wrapped_keys where purpose = $1 and bytes is not null order by owner_id',
        [purpose],
      );
      return rows.map(({ owner_id }) => owner_id);
    },
  };
}

function createLookups(
  pool: Pool,
  purpose: string,
  unwrap: (row: Row) => Promise<Uint8Array>,
): Pick<KeyStore, 'find' | 'findMany'> {
  const rows = createGroupedLookup(async (owner_ids) => {
    // Dropped keys are left out here: by a condition PostgreSQL may take the index of generations, and read all keys.
    const found = await pool.query<Row>(
      'select owner_id, key_id, bytes from wrapped_keys where purpose = $1 and owner_id = any($2)',
      [purpose, owner_ids],
    );
    return new Map(found.rows.flatMap((row) => (row.bytes === null ? [] : [[row.owner_id, row]])));
  });
  return {
    find: async (owner_id) => {
      const row = await rows.find(owner_id);
      return row && unwrap(row);
    },
    findMany: async (owner_ids) => {
      const found = await rows.findMany(owner_ids);
      return new Map(await Promise.all([...found].map(async ([id, row]) => [id, await unwrap(row)] as const)));
    },
  };
}

type Making = Pick<KeyStore, 'findMany'> & {
  pool: Pool;
  provider: KeyProvider;
  purpose: string;
  contextOf: (owner_id: string) => KeyContext;
};

function createMaker({ pool, provider, purpose, contextOf, findMany }: Making): KeyStore['getOrCreateMany'] {
  const insertions = insertionsInto(pool);
  async function makeFresh(owner_id: string): Promise<Fresh> {
    const key = randomBytes(32);
    return { purpose, owner_id, key, wrapped: await provider.wrap(key, contextOf(owner_id)) };
  }
  return async (owner_ids) => {
    // Most owners are new, and wrapping here costs less than to look first; a request to a service costs more.
    const known = provider.is_remote ? await findMany(owner_ids) : new Map<string, Uint8Array>();
    const unknown = [...new Set(owner_ids)].filter((owner_id) => !known.has(owner_id));
    if (unknown.length === 0) return known;
    const fresh = await Promise.all(unknown.map(makeFresh));
    const made = await insertions.run(fresh);
    const keys = await findMany(fresh.flatMap((one) => (made.has(placeOf(one)) ? [] : [one.owner_id])));
    for (const one of fresh) if (made.has(placeOf(one))) keys.set(one.owner_id, new Uint8Array(one.key));
    return new Map([...known, ...keys]);
  };
}

type Fresh = { purpose: string; owner_id: string; key: Buffer; wrapped: WrappedKey };
type Insertions = GroupCommit<Fresh[], ReadonlySet<string>>;

const insertions_of = new WeakMap<Pool, Insertions>();

/** One for all purposes of a database: who needs keys of two purposes gets them in one commit. */
function insertionsInto(pool: Pool): Insertions {
  const known = insertions_of.get(pool);
  if (known) return known;
  const insertions: Insertions = createGroupCommit({
    write: async (groups) => {
      const made = await insertKeys(pool, groups.flat());
      return groups.map(() => made);
    },
    keysOf: (fresh) => fresh.map(placeOf),
  });
  insertions_of.set(pool, insertions);
  return insertions;
}

/** In one order for all, so that two who bring the same owners wait for each other and never in a circle. @returns the places that were empty. */
async function insertKeys(pool: Pool, fresh: readonly Fresh[]): Promise<ReadonlySet<string>> {
  const { rows } = await pool.query<Place>(
    `insert into wrapped_keys (purpose, owner_id, key_id, bytes)
     select purpose, owner_id, key_id, bytes
     from unnest($1::text[], $2::uuid[], $3::text[], $4::bytea[]) as fresh (purpose, owner_id, key_id, bytes)
     order by purpose, owner_id on conflict do nothing returning purpose, owner_id`,
    [
      fresh.map(({ purpose }) => purpose),
      fresh.map(({ owner_id }) => owner_id),
      fresh.map(({ wrapped }) => wrapped.key_id),
      byteArray(fresh.map(({ wrapped }) => wrapped.bytes)),
    ],
  );
  return new Set(rows.map(placeOf));
}

type Place = { purpose: string; owner_id: string };
const placeOf = ({ purpose, owner_id }: Place) => `${purpose} ${owner_id}`;

/** @returns for each owner, in the order given, whether there was a key. */
async function dropKeys(pool: Pool, purpose: string, owner_ids: readonly string[]): Promise<boolean[]> {
  const { rows } = await pool.query<{ owner_id: string; had: boolean }>(
    `with had as materialized (
       select owner_id from wrapped_keys where purpose = $1 and owner_id = any($2::uuid[]) and bytes is not null
     )
     insert into wrapped_keys (purpose, owner_id, key_id, bytes, dropped_at)
     select $1, owner_id, '', null, now() from unnest($2::uuid[]) owner_id order by owner_id
     on conflict (purpose, owner_id) do update set bytes = null, dropped_at = coalesce(wrapped_keys.dropped_at, now())
     returning owner_id, owner_id in (select owner_id from had) as had`,
    [purpose, owner_ids],
  );
  const had = new Map(rows.map((row) => [row.owner_id, row.had]));
  return owner_ids.map((owner_id) => had.get(owner_id)!);
}

/** The owner was erased: nothing more may be written under that id. */
export class ErasedOwnerError extends Error {
  constructor() {
    super('The owner of this key was erased.');
    this.name = 'ErasedOwnerError';
  }
}
