import type { Pool } from 'pg';
import type { Logger } from '../log/index.ts';
import { KeyError } from './provider.ts';

export type WrappedRow = { owner_id: string; key_id: string; bytes: Buffer | null };

type Check = { pool: Pool; purpose: string; unwrap: (row: WrappedRow) => Promise<unknown>; log: Logger };

const samples = 3;

/**
 * Opens some keys of each generation that the key database names, as `KeyStore.check` says. One damaged row is no wrong
 * key: a generation counts as another key only when none of its samples opens.
 */
export async function checkGenerations({ pool, purpose, unwrap, log }: Check): Promise<void> {
  for (const key_id of await generationsInUse(pool, purpose)) {
    const { rows } = await pool.query<WrappedRow>(
      'select owner_id, key_id, bytes from wrapped_keys where purpose = $1 and key_id = $2 and bytes is not null limit $3',
      [purpose, key_id, samples],
    );
    const failures = (await Promise.all(rows.map((row) => failureOf(() => unwrap(row))))).filter((one) => one !== null);
    const [failure] = failures;
    if (failure === undefined) continue;
    const where = { err: failure, purpose, generation: key_id };
    if (failure.code === 'key_unknown')
      log.error(where, `keys of generation ${key_id} cannot be opened: ${failure.hint}`);
    else if (failures.length === rows.length) throw anotherKey(key_id, failure);
    else log.error(where, `a wrapped key of generation ${key_id} is damaged: ${failure.hint}`);
  }
}

/** Jumps from one generation to the next in the index: a table of a whole country is not read for it. */
export async function generationsInUse(pool: Pool, purpose: string): Promise<string[]> {
  const { rows } = await pool.query<{ key_id: string }>(
    `with recursive found as (
       (select key_id from wrapped_keys where purpose = $1 and bytes is not null order by key_id limit 1)
       union all
       select (select w.key_id from wrapped_keys w where w.purpose = $1 and w.bytes is not null and w.key_id > found.key_id
               order by w.key_id limit 1)
       from found where found.key_id is not null)
     select key_id from found where key_id is not null`,
    [purpose],
  );
  return rows.map(({ key_id }) => key_id);
}

async function failureOf(open: () => Promise<unknown>): Promise<KeyError | null> {
  try {
    await open();
    return null;
  } catch (error) {
    if (error instanceof KeyError) return error;
    throw error;
  }
}

function anotherKey(key_id: string, cause: KeyError): KeyError {
  return new KeyError(
    'key_refused',
    `Key generation ${key_id} is not the one that the keys in this database were wrapped with.`,
    'Put back the key file, Vault or KMS key of this installation, or the key database that belongs to it.',
    cause,
  );
}
