import { setTimeout as sleep } from 'node:timers/promises';
import { KeyServiceError } from './provider.ts';

/** One request, made anew for each attempt: a token may have been renewed, a signature grows old. */
export type KeyRequest = { url: string; method?: 'GET' | 'POST'; headers: Record<string, string>; body?: string };

/** What a service answered, or why it is a refusal; 429 and 5xx never get here. */
export type KeyAnswer = { status: number; body: Record<string, unknown> };

export type KeyServiceOptions = {
  /** For one attempt; 5,000 unless set. */
  timeout_ms?: number;
  /** For all attempts at one call; 12,000 unless set. */
  deadline_ms?: number;
  /** The process may wrap and not unwrap, so it cannot try out that contexts are bound: whoever unwraps does. */
  seals_only?: boolean;
};

export type KeyService = { ask(make: () => KeyRequest | Promise<KeyRequest>): Promise<KeyAnswer> };

const attempts = 4;
const at_once = 32;
const first_pause_ms = 100;

/**
 * JSON over HTTP with a key service, at most 32 calls at a time. A call that found nobody, took too long or was put off
 * (429, 5xx) is made again: wrap, unwrap, MAC and description change nothing there, so that repeating them is safe. A
 * refusal (other 4xx) is not repeated. The texts of services stay out of errors.
 * @param isBusy tells a refusal that means "later": KMS throttles by 400.
 */
export function createKeyService(
  { timeout_ms = 5_000, deadline_ms = 12_000 }: KeyServiceOptions,
  isBusy: (answer: KeyAnswer) => boolean = () => false,
): KeyService {
  const enter = createTurnstile(at_once);
  const ask: KeyService['ask'] = async (make) => {
    const deadline = performance.now() + deadline_ms;
    for (let attempt = 1; ; attempt++) {
      const left_ms = deadline - performance.now();
      const result = await attemptOnce(await make(), Math.ceil(Math.max(1, Math.min(timeout_ms, left_ms))), isBusy);
      if (!(result instanceof KeyServiceError)) return result;
      const pause_ms = first_pause_ms * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
      if (attempt === attempts || performance.now() + pause_ms >= deadline) throw result;
      await sleep(pause_ms);
    }
  };
  return { ask: (make) => enter(() => ask(make)) };
}

async function attemptOnce(
  { url, method, headers, body }: KeyRequest,
  timeout_ms: number,
  isBusy: (answer: KeyAnswer) => boolean,
): Promise<KeyAnswer | KeyServiceError> {
  try {
    const signal = AbortSignal.timeout(timeout_ms);
    const answer = await fetch(url, { method: method ?? 'POST', headers, body, signal, redirect: 'manual' });
    const text = await answer.text();
    if (answer.status >= 300 && answer.status < 400)
      return unavailable(`It answered ${answer.status}: this node is a standby; name the active one or a balancer.`);
    if (answer.status === 429 || answer.status >= 500)
      return unavailable(`It answered ${answer.status}: look at its own log; a sealed Vault must be unsealed.`);
    const read = { status: answer.status, body: readObject(text, answer.ok) };
    return isBusy(read) ? unavailable('It asks for fewer requests: raise its limits.') : read;
  } catch (error) {
    if (error instanceof KeyServiceError) return error;
    const took_too_long = (error as Error).name === 'TimeoutError';
    return took_too_long
      ? unavailable(`It did not answer within ${timeout_ms} ms.`, error)
      : unavailable('It cannot be reached: look at its address, its certificate and the network between.', error);
  }
}

/** Refusals of a proxy in between may be no JSON; their status says enough. */
function readObject(text: string, is_needed: boolean): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(text);
    if (typeof found === 'object' && found !== null && !Array.isArray(found)) return found as Record<string, unknown>;
  } catch (cause) {
    if (is_needed) throw unavailable('Its answer is not JSON: is this address the key service?', cause);
  }
  if (is_needed) throw unavailable('Its answer is not an object: is this address the key service?');
  return {};
}

/** A text member of an answer. @throws KeyServiceError when there is none. */
export function textOf(answer: unknown, name: string): string {
  const value = memberOf(answer, name);
  if (typeof value === 'string' && value !== '') return value;
  throw unavailable(`Its answer has no ${name}: is this address the key service?`);
}

/** A member of what may be no object at all. */
export function memberOf(answer: unknown, name: string): unknown {
  return typeof answer === 'object' && answer !== null ? Reflect.get(answer, name) : undefined;
}

/** The service as a whole does not work now. */
export function unavailable(hint: string, cause?: unknown): KeyServiceError {
  return new KeyServiceError('key_service_unavailable', hint, cause);
}

/** The service works, but not for this process. */
export function refused(hint: string): KeyServiceError {
  return new KeyServiceError('key_service_refused', hint);
}

/** Lets `places` in at a time, the others in order of their coming. */
function createTurnstile(places: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let free = places;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
    else free--;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}
