import { createHash, createHmac, hkdfSync, randomUUID, timingSafeEqual } from 'node:crypto';
import { openEnvelope, sealEnvelope } from '@zdravo/kit/keys';
import { conflict, malformed, Problem } from '@zdravo/kit/problem';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Kysely, sql } from 'kysely';
import type { Tables } from './tables.ts';

export type IdempotencyOptions = {
  /** How long a rival may be at work before its place is taken, milliseconds. */
  lock_ms: number;
  /** How long a second request waits for the first one's answer, milliseconds. */
  wait_ms: number;
};

export const default_idempotency: IdempotencyOptions = { lock_ms: 60_000, wait_ms: 10_000 };

type Answer = { status: number; headers: Record<string, string>; body: string };
type Place = { slot: Buffer; holder: string; key: Buffer; body_mac: Buffer };
type Row = { body_mac: Buffer; sealed: Buffer | null; locked: boolean };

const key_pattern = /^[\x21-\x7e]{1,255}$/;
const kept_headers = ['location', 'content-type'];
const writing = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

export type Idempotency = {
  /** Whether the request bears a key that may count; `begin` and `finish` have nothing to do for others. */
  concerns(request: FastifyRequest): boolean;
  /** Replays a stored answer, or takes the place for this request. @throws Problem 409 for another body under the key. */
  begin(request: FastifyRequest, reply: FastifyReply): Promise<boolean>;
  /** Keeps the answer before it leaves; what failed on our side is forgotten, so that a retry runs. */
  finish(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<void>;
};

/**
 * `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header) and the reference's `X-Idempotency-Key`: a request that is
 * repeated with the same key and body gets the first one's answer for at least 24 hours. Bound to client, user, method
 * and path; the answer is sealed under a key derived from token and idempotency key, so that a stolen table tells
 * nothing.
 */
export function createIdempotency(db: Kysely<Tables>, options: IdempotencyOptions = default_idempotency): Idempotency {
  const places = new WeakMap<FastifyRequest, Place>();

  async function begin(request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
    const place = placeOf(request);
    if (!place) return false;
    const until = Date.now() + options.wait_ms;
    for (;;) {
      if (await take(place)) {
        places.set(request, place);
        return false;
      }
      const row = await find(place);
      if (row?.sealed) return replay(reply, place, row, row.sealed);
      if (row && !sameBytes(row.body_mac, place.body_mac)) throw otherBody();
      if (Date.now() > until) throw stillRunning();
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
  }

  /** Only one of any number of rivals gets the place; one that was left (its process died) is taken over. */
  async function take(place: Place): Promise<boolean> {
    const locked_until = sql<string>`now() + make_interval(secs => ${options.lock_ms / 1_000})`;
    const { slot, body_mac, holder } = place;
    const taken = await db
      .insertInto('gateway.idempotent_answers')
      .values({ slot, body_mac, holder, locked_until })
      .onConflict((one) =>
        one
          .column('slot')
          .doUpdateSet({ holder, locked_until })
          .where('gateway.idempotent_answers.sealed', 'is', null)
          .where('gateway.idempotent_answers.body_mac', '=', body_mac)
          .where('gateway.idempotent_answers.locked_until', '<', sql<string>`now()`),
      )
      .returning('slot')
      .executeTakeFirst();
    return taken !== undefined;
  }

  async function find({ slot }: Place): Promise<Row | undefined> {
    return db
      .selectFrom('gateway.idempotent_answers')
      .select(['body_mac', 'sealed', sql<boolean>`locked_until > now()`.as('locked')])
      .where('slot', '=', slot)
      .executeTakeFirst();
  }

  async function finish(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<void> {
    const place = places.get(request);
    if (!place) return;
    places.delete(request);
    const mine = { slot: place.slot, holder: place.holder };
    if (!isFinal(reply.statusCode) || typeof payload !== 'string') return forget(db, mine);
    const answer: Answer = { status: reply.statusCode, headers: keptHeaders(reply), body: payload };
    await db
      .updateTable('gateway.idempotent_answers')
      .set({ sealed: sealEnvelope(place.key, Buffer.from(JSON.stringify(answer)), place.slot) })
      .where('slot', '=', mine.slot)
      .where('holder', '=', mine.holder)
      .execute();
  }

  return { concerns, begin, finish };
}

/** Failures on our side and refusals that pass with time are not the request's answer. */
function isFinal(status: number): boolean {
  return status < 500 && status !== 429;
}

async function forget(db: Kysely<Tables>, { slot, holder }: { slot: Buffer; holder: string }): Promise<void> {
  await db
    .deleteFrom('gateway.idempotent_answers')
    .where('slot', '=', slot)
    .where('holder', '=', holder)
    .where('sealed', 'is', null)
    .execute();
}

function concerns(request: FastifyRequest): boolean {
  return writing.has(request.method) && givenKey(request) !== undefined;
}

function givenKey({ headers }: FastifyRequest): string | string[] | undefined {
  return headers['idempotency-key'] ?? headers['x-idempotency-key'];
}

function placeOf(request: FastifyRequest): Place | undefined {
  const given = givenKey(request);
  const route = request.routeOptions.config?.route;
  const principal = request.caller?.principal;
  if (!concerns(request) || !route || !principal || route.idempotent === false) return undefined;
  if (typeof given !== 'string' || !key_pattern.test(given))
    throw malformed('The idempotency key must be 1 to 255 printable characters.', 'idempotency_key_malformed');
  const bound = [principal.client_id, principal.user_id, request.method, request.url, given];
  const slot = createHash('sha256').update(bound.join('\u0000')).digest();
  const secret = `${request.headers.authorization}\u0000${given}`;
  const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', secret, slot, `idempotency ${purpose}`, 32));
  const body = JSON.stringify(request.body) ?? '';
  const body_mac = createHmac('sha256', derive('body')).update(body).digest();
  return { slot, holder: randomUUID(), key: derive('answer'), body_mac };
}

function replay(reply: FastifyReply, place: Place, row: Row, sealed: Buffer): boolean {
  if (!sameBytes(row.body_mac, place.body_mac)) throw otherBody();
  const answer = JSON.parse(openEnvelope(place.key, sealed, place.slot).toString()) as Answer;
  reply
    .code(answer.status)
    .headers({ ...answer.headers, 'idempotency-replayed': 'true' })
    .serializer(String)
    .send(answer.body);
  return true;
}

function keptHeaders(reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(
    kept_headers.flatMap((name) => {
      const value = reply.getHeader(name);
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}

/** Also when the token was renewed in between: the stored answer opens only to the token that earned it. */
function otherBody(): Problem {
  return conflict('The idempotency key was used for another request or under another token.', 'idempotency_key_reused');
}

function stillRunning(): Problem {
  const message = 'The first request with this idempotency key is still running.';
  return new Problem({ status: 409, code: 'idempotency_in_progress', message, retry_after_s: 5 });
}

function sameBytes(left: Buffer, right: Buffer): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}
