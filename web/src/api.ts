/** An answer of the public API that is not 2xx. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
  }
}

export type Envelope<Data> = { data: Data; urgent?: { next_step?: string; user_id?: string | null } };
export type Token = { value: string; details?: { scope?: string } };

type Options = { token?: string; body?: unknown };

/** Calls the public API. @throws ApiError; `unreachable` when there was no answer. */
export async function call<Data>(method: string, path: string, { token, body }: Options = {}) {
  const response = await fetch(path, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new ApiError(0, 'unreachable', 'no answer');
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(response.status, answer.error?.code ?? 'failed', answer.error?.message ?? '');
  return { ...(answer as Envelope<Data>), location: response.headers.get('location') };
}

let login_client: Promise<string> | undefined;

/** The client of these pages, which may take a password. */
export function loginClientId(): Promise<string> {
  login_client ??= fetch('/pages/settings.json')
    .then((response) => response.json())
    .then((settings: { login_client_id: string }) => settings.login_client_id);
  return login_client;
}

/** The password grant of these pages. */
export async function signIn(email: string, password: string, scope: string) {
  const client_id = await loginClientId();
  return call<Token>('POST', '/oauth/tokens', {
    body: { token: { grant_type: 'password', email, password, client_id, scope } },
  });
}
