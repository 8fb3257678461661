import type { KeyProvider } from '@zdravo/kit/keys';
import { type Kysely, sql } from 'kysely';
import type { MpiDatabase } from '../deps.ts';
import type { IdentityRules } from '../identity-rules.ts';
import type { Tables } from '../tables.ts';
import { checkGeneration, createTokenMaker, type TokenMaker } from './tokens.ts';

/** Held shared by every write, exclusively by who adds or switches a generation. */
export const generations_lock = '7202611001';

/** The generations of index keys in use now. */
export type LiveGenerations = {
  /** Which rows look-ups read. */
  serving: TokenMaker;
  /** Which rows writes keep: the serving generation and the one that a re-index builds. */
  written: TokenMaker[];
};

export type Generations = {
  /** As last seen; a write checks in its transaction that nothing changed since. */
  current(): LiveGenerations;
  refresh(): Promise<LiveGenerations>;
  makerOf(key_id: string): Promise<TokenMaker>;
};

/**
 * Reads the generations and checks that the keys at hand are those that the indexes were made with; a new database
 * starts with the provider's current one.
 * @throws KeyError
 */
export async function openGenerations(
  db: Kysely<Tables>,
  provider: KeyProvider,
  rules: IdentityRules,
): Promise<Generations> {
  const makers = new Map<string, Promise<TokenMaker>>();
  const makerOf = (key_id: string) => {
    const maker = makers.get(key_id) ?? createTokenMaker(provider, key_id, rules);
    makers.set(key_id, maker);
    return maker;
  };
  const refresh = async (): Promise<LiveGenerations> => {
    live = await readGenerations(db, makerOf);
    return live;
  };
  const first = await makerOf(provider.current_key_id());
  await startFirstGeneration(db, first);
  let live: LiveGenerations = await readGenerations(db, makerOf);
  return {
    current: () => live,
    refresh,
    makerOf,
  };
}

async function startFirstGeneration(db: Kysely<Tables>, maker: TokenMaker): Promise<void> {
  await sql`
    insert into mpi.index_generations (key_id, state, key_check, finished_at)
    select ${maker.key_id}, 'serving', ${maker.key_check}, case when exists (select from mpi.persons) then null else now() end
    where not exists (select from mpi.index_generations) on conflict do nothing`.execute(db);
}

async function readGenerations(
  db: Kysely<Tables>,
  makerOf: (key_id: string) => Promise<TokenMaker>,
): Promise<LiveGenerations> {
  const rows = await liveRows(db);
  const written = await Promise.all(
    rows.map(async (row) => {
      const maker = await makerOf(row.key_id);
      checkGeneration(maker, row.key_check);
      return maker;
    }),
  );
  return { serving: written[rows.findIndex((row) => row.state === 'serving')]!, written };
}

/** The same line from the database, as the transaction sees it. */
export async function readGenerationsLine(db: MpiDatabase): Promise<string> {
  return (await liveRows(db)).map(describe).join(',');
}

function liveRows(db: MpiDatabase) {
  return db
    .selectFrom('mpi.index_generations')
    .select(['key_id', 'state', 'key_check'])
    .where('state', '<>', 'retiring')
    .orderBy('key_id')
    .execute();
}

function describe(row: { key_id: string; state: string }): string {
  return `${row.key_id} ${row.state}`;
}

/** The generations in one line, as `readGenerationsLine` finds them in the database. */
export function describeGenerations({ serving, written }: LiveGenerations): string {
  return written
    .map(({ key_id }) => describe({ key_id, state: key_id === serving.key_id ? 'serving' : 'building' }))
    .join(',');
}
