/** A key service refused, or gave no answer; without it nothing is opened or sealed. */
export class KeyServiceError extends Error {
  override readonly name = 'KeyServiceError';
  readonly code: 'key_refused' | 'key_service_unavailable';

  constructor(code: KeyServiceError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

export type KeyServiceCall = {
  url: string;
  headers: Record<string, string>;
  body?: string;
  timeout_ms: number;
};

/** One JSON exchange with a key service. Answers 4xx are refusals; the texts of services are not repeated in errors. */
export async function askKeyService({
  url,
  headers,
  body,
  timeout_ms,
}: KeyServiceCall): Promise<Record<string, unknown>> {
  const answer = await send({ url, headers, body, timeout_ms });
  if (answer.status === 429 || answer.status >= 500) throw unavailable(`it answered ${answer.status}`);
  if (!answer.ok) throw new KeyServiceError('key_refused', `The key service answered ${answer.status}`);
  const found: unknown = await answer.json().catch((cause: unknown) => {
    throw unavailable('its answer is not JSON', cause);
  });
  if (typeof found === 'object' && found !== null) return found as Record<string, unknown>;
  throw unavailable('its answer is not an object');
}

/** A text member of an answer. */
export function textOf(answer: unknown, name: string): string {
  const value = typeof answer === 'object' && answer !== null ? Reflect.get(answer, name) : undefined;
  if (typeof value === 'string' && value !== '') return value;
  throw unavailable(`its answer has no ${name}`);
}

export function unavailable(what: string, cause?: unknown): KeyServiceError {
  return new KeyServiceError('key_service_unavailable', `The key service cannot be used: ${what}`, { cause });
}

async function send({ url, headers, body, timeout_ms }: KeyServiceCall): Promise<Response> {
  const signal = AbortSignal.timeout(timeout_ms);
  const method = body === undefined ? 'GET' : 'POST';
  try {
    return await fetch(url, { method, headers, body, signal, redirect: 'error' });
  } catch (cause) {
    throw unavailable('it cannot be reached', cause);
  }
}
