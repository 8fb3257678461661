import type { Logger } from '@zdravo/kit/log';
import { sql } from 'kysely';
import pg from 'pg';
import type { AuthTransaction } from './deps.ts';

/** What ended: everything that matches all the given members. */
export type Revoked = { user_id?: string; client_id?: string; family_id?: string };

export type Revocations = {
  /** Whether what is remembered may be believed: the listener has proved alive within the last second. */
  trustworthy(): boolean;
  /** Grows with every revocation heard of; what was read before must not be remembered after. */
  generation(): number;
  onRevoked(handle: (revoked: Revoked) => void): void;
  start(): Promise<void>;
  stop(): Promise<void>;
};

const channel = 'auth_revocations';
const beat_ms = 300;
const believed_ms = 1_000;
const reconnect_ms = 200;

/** Announces, in the transaction that ends them, that tokens, approvals or accounts no longer hold. */
export async function announceRevocation(transaction: AuthTransaction, revoked: Revoked): Promise<void> {
  await sql`select pg_notify(${channel}, ${JSON.stringify(revoked)})`.execute(transaction);
}

/** What cannot be read is taken for everything. */
function parseRevoked(payload: string | undefined): Revoked {
  try {
    return JSON.parse(payload ?? '{}') as Revoked;
  } catch {
    return {};
  }
}

/**
 * Hears of revocations by every process on this database. PostgreSQL delivers a notification when its transaction
 * commits; a beat on the same connection tells a silent line from a dead one, and while it is dead nothing that is
 * remembered is believed.
 */
export function createRevocations(options: { url: string; role: string; log: Logger }): Revocations {
  const handlers: ((revoked: Revoked) => void)[] = [];
  let generation = 0;
  let last_beat = Number.NEGATIVE_INFINITY;
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  function tell(revoked: Revoked): void {
    generation += 1;
    for (const handle of handlers) handle(revoked);
  }

  async function connect(): Promise<void> {
    const fresh = new pg.Client({
      connectionString: options.url,
      application_name: 'auth-revocations',
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
      query_timeout: 5_000,
      options: `-c role=${options.role}`,
    });
    fresh.on('error', (error) => lose(fresh, error));
    fresh.on('end', () => lose(fresh));
    fresh.on('notification', ({ payload }) => tell(parseRevoked(payload)));
    await fresh.connect();
    await fresh.query(`listen ${channel}`);
    client = fresh;
    tell({});
    last_beat = performance.now();
    beat();
  }

  function beat(): void {
    if (stopped || !client) return;
    const beating = client;
    beating.query('select 1').then(
      () => {
        last_beat = performance.now();
        if (client === beating) timer = setTimeout(beat, beat_ms);
      },
      (error: unknown) => lose(beating, error),
    );
  }

  function lose(lost: pg.Client, error?: unknown): void {
    if (client !== lost || stopped) return;
    client = undefined;
    last_beat = Number.NEGATIVE_INFINITY;
    options.log.warn({ err: error }, 'the line for revocations was lost; tokens are read anew until it is back');
    lost.end().catch(() => {});
    again();
  }

  function again(): void {
    if (stopped) return;
    timer = setTimeout(() => connect().catch(again), reconnect_ms);
  }

  return {
    trustworthy: () => performance.now() - last_beat < believed_ms,
    generation: () => generation,
    onRevoked: (handle) => handlers.push(handle),
    start: connect,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await client?.end().catch(() => {});
    },
  };
}
