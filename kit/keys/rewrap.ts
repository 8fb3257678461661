import type { Pool } from 'pg';
import type { Job } from '../jobs/index.ts';
import type { Logger } from '../log/index.ts';
import type { WrappedRow } from './generations.ts';
import { type KeyContext, KeyError, type KeyProvider } from './provider.ts';

export type RewrapOptions = { signal?: AbortSignal | undefined /** Rows read at a time. */; batch?: number };

/** `unreadable`: of a generation that is gone, or damaged; `hint` is of the first of them. */
export type Rewrapped = { rewrapped: number; unreadable: number; hint?: string };

type Work = RewrapOptions & {
  pool: Pool;
  provider: KeyProvider;
  purpose: string;
  contextOf: (owner_id: string) => KeyContext;
};

const before_all = '00000000-0000-0000-0000-000000000000';

/** As `KeyStore.rewrap` says: from owner to owner, so that rows which do not open hold up no others. */
export async function rewrapKeys(work: Work): Promise<Rewrapped> {
  const { pool, provider, purpose, signal, batch = 500 } = work;
  await provider.refresh();
  const total: Rewrapped = { rewrapped: 0, unreadable: 0 };
  let after = before_all;
  while (!signal?.aborted) {
    const { rows } = await pool.query<WrappedRow>(
      `select owner_id, key_id, bytes from wrapped_keys
       where purpose = $1 and bytes is not null and key_id <> $2 and owner_id > $3 order by owner_id limit $4`,
      [purpose, provider.current_key_id(), after, batch],
    );
    for (const failure of await Promise.all(rows.map((row) => rewrapOne(work, row)))) {
      if (failure) total.unreadable++;
      else total.rewrapped++;
      if (failure && total.hint === undefined) total.hint = failure.hint;
    }
    if (rows.length < batch) break;
    after = rows.at(-1)!.owner_id;
  }
  return total;
}

/** The row is changed only as it was read: a key that was dropped meanwhile stays dropped. */
async function rewrapOne(
  { pool, provider, purpose, contextOf }: Work,
  { owner_id, key_id, bytes }: WrappedRow,
): Promise<KeyError | undefined> {
  try {
    const data_key = await provider.unwrap({ key_id, bytes: bytes! }, contextOf(owner_id));
    const wrapped = await provider.wrap(data_key, contextOf(owner_id));
    await pool.query(
      'update wrapped_keys set key_id = $3, bytes = $4 where purpose = $1 and owner_id = $2 and key_id = $5 and bytes is not null',
      [purpose, owner_id, wrapped.key_id, wrapped.bytes, key_id],
    );
    return undefined;
  } catch (error) {
    if (error instanceof KeyError) return error;
    throw error;
  }
}

type Rewrapping = { stores: readonly { rewrap(options: RewrapOptions): Promise<Rewrapped> }[]; log: Logger };

/** A timer that moves a module's keys to the newest generation. While keys are left behind, it says so each time. */
export function rewrapJob(timer: Pick<Job, 'name' | 'schedule'>, { stores, log }: Rewrapping): Job {
  return {
    ...timer,
    run: async (_payload, { signal }) => {
      for (const store of stores) {
        const { rewrapped, unreadable, hint } = await store.rewrap({ signal });
        if (rewrapped > 0) log.info({ rewrapped }, 'keys were wrapped anew under the newest generation');
        if (unreadable > 0) log.error({ unreadable }, `keys of an older generation cannot be opened: ${hint}`);
      }
    },
  };
}
