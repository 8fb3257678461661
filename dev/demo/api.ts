import type { SignIns } from '../sign-ins.ts';

export type Answer = {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the demo reads answers as a client without our types would
  body: any;
  headers: Headers;
};

export type CallOptions = { token?: string; api_key?: string; body?: unknown; headers?: Record<string, string> };

/** The public API as a vendor's program calls it: HTTP and JSON, nothing of ours. */
export type Api = {
  address: string;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** The same, and an error when the answer is not 2xx. */
  expect(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** Password → consent → code → access token, as the sign-in pages and the vendor's program do it together. */
  signIn(account: Account): Promise<string>;
  /** The latter half: consent → code → access token, with a token of the sign-in pages. */
  exchange(account: Account, login_token: string): Promise<string>;
};

export type Account = {
  email: string;
  password: string;
  client_id: string;
  client_secret: string;
  redirect_uri: string;
  scope: string;
  /** Of the vendor behind whose software a clinic's user works. */
  api_key?: string;
};

/**
 * Calls the public API as a vendor’s program would, over a socket.
 * @param onWait is told the seconds when the platform asks for patience (429), and the call is repeated after them; without it a
 * refusal is an error at once.
 */
export function createApi(
  address: string,
  sign_ins: Pick<SignIns, 'login_client_id'>,
  onWait?: (seconds: number) => void,
): Api {
  async function call(
    method: string,
    path: string,
    { token, api_key, body, headers }: CallOptions = {},
  ): Promise<Answer> {
    const response = await fetch(`${address}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(api_key === undefined ? {} : { 'api-key': api_key }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : parse(text), headers: response.headers };
  }

  async function expect(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const answer = await call(method, path, options);
    if (answer.status >= 200 && answer.status < 300) return answer;
    const wait_seconds = Number(answer.headers.get('retry-after'));
    if (onWait && answer.status === 429 && wait_seconds > 0) {
      onWait(wait_seconds);
      await new Promise((resolve) => setTimeout(resolve, wait_seconds * 1000));
      return expect(method, path, options);
    }
    throw new Error(
      `${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body?.error ?? answer.body)}`,
    );
  }

  async function signIn(account: Account): Promise<string> {
    const { email, password } = account;
    const login = {
      grant_type: 'password',
      email,
      password,
      client_id: sign_ins.login_client_id,
      scope: 'app:authorize',
    };
    const signed_in = await expect('POST', '/oauth/tokens', { body: { token: login } });
    return exchange(account, signed_in.body.data.value);
  }

  async function exchange(account: Account, login_token: string): Promise<string> {
    const { client_id, client_secret, redirect_uri, scope, api_key } = account;
    const consent = await expect('POST', '/oauth/apps/authorize', {
      token: login_token,
      body: { app: { client_id, redirect_uri, scope } },
    });
    const code = new URL(consent.headers.get('location')!).searchParams.get('code');
    const grant = { grant_type: 'authorization_code', code, client_id, client_secret, redirect_uri, scope };
    const token = await expect('POST', '/oauth/tokens', {
      body: { token: grant },
      ...(api_key === undefined ? {} : { api_key }),
    });
    return token.body.data.value;
  }

  return { address, call, expect, signIn, exchange };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
