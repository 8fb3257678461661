import type { Logger } from '@zdravo/kit/log';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Kysely, sql } from 'kysely';
import type { Tables } from './tables.ts';

export type RequestRecord = {
  /** Notes an answered request; costs the caller nothing but memory. */
  note(request: FastifyRequest, reply: FastifyReply): void;
  flush(): Promise<void>;
  /** How many rows were given up because the database could not keep up. */
  lost(): number;
  stop(): Promise<void>;
};

type Row = {
  at: string;
  request_id: string;
  method: string;
  path: string;
  status: number;
  duration_ms: number;
  user_id: string | null;
  client_id: string | null;
  broker_id: string | null;
  ip: string;
};

const most_waiting = 20_000;
const batch_limit = 2_000;

/** The thin record of who called what, written in groups behind the answers. */
export function createRequestRecord(db: Kysely<Tables>, log: Logger, interval_ms = 250): RequestRecord {
  let waiting: Row[] = [];
  let lost = 0;
  let writing: Promise<void> | undefined;
  const timer = setInterval(() => void flush(), interval_ms).unref();

  function note(request: FastifyRequest, reply: FastifyReply): void {
    if (waiting.length >= most_waiting) {
      lost += 1;
      return;
    }
    waiting.push(rowOf(request, reply));
  }

  function flush(): Promise<void> {
    writing ??= writeAll().finally(() => {
      writing = undefined;
    });
    return writing;
  }

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, batch_limit);
      waiting = waiting.slice(batch_limit);
      try {
        await insert(db, batch);
      } catch (error) {
        lost += batch.length;
        log.error({ err: error }, `${batch.length} rows of the request record were lost`);
        return;
      }
    }
  }

  async function stop(): Promise<void> {
    clearInterval(timer);
    await flush();
    await flush();
  }

  return { note, flush, lost: () => lost, stop };
}

async function insert(db: Kysely<Tables>, rows: Row[]): Promise<void> {
  const column = (name: keyof Row) => rows.map((row) => row[name]);
  await sql`
    insert into gateway.request_record
      (at, request_id, method, path, status, duration_ms, user_id, client_id, broker_id, ip)
    select * from unnest(${column('at')}::timestamptz[], ${column('request_id')}::text[], ${column('method')}::text[],
      ${column('path')}::text[], ${column('status')}::int[], ${column('duration_ms')}::real[],
      ${column('user_id')}::uuid[], ${column('client_id')}::uuid[], ${column('broker_id')}::uuid[],
      ${column('ip')}::text[])`.execute(db);
}

function rowOf(request: FastifyRequest, reply: FastifyReply): Row {
  const principal = request.caller?.principal;
  return {
    at: new Date().toISOString(),
    request_id: request.id,
    method: request.method,
    path: recordedPath(request),
    status: reply.statusCode,
    duration_ms: reply.elapsedTime,
    user_id: principal?.user_id ?? null,
    client_id: principal?.client_id ?? null,
    broker_id: principal?.broker_id ?? null,
    ip: request.ip,
  };
}

const secret_parameters = new Set(['value', 'hash', 'phone_number']);
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The route with the ids of what was asked for. Every other parameter (a token, a phone, an invitation) stays a name, and
 * unknown addresses are not written at all: their text is the sender's.
 */
export function recordedPath(request: Pick<FastifyRequest, 'routeOptions' | 'params'>): string {
  const pattern = request.routeOptions.url;
  if (!pattern) return '(unknown)';
  const params = (request.params ?? {}) as Record<string, string>;
  let path = '';
  for (const [at, part] of partsOf(pattern).entries())
    path += at % 2 === 0 ? part : recordedParameter(part, params[part]);
  return path;
}

function recordedParameter(name: string, value: string | undefined): string {
  return value !== undefined && uuid.test(value) && !secret_parameters.has(name) ? value : `:${name}`;
}

const parts = new Map<string, readonly string[]>();

/** What stands before, between and behind the parameters of a route, and their names between. */
function partsOf(pattern: string): readonly string[] {
  const known = parts.get(pattern) ?? pattern.split(/:(\w+)/);
  parts.set(pattern, known);
  return known;
}
