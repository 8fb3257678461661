import { request } from 'node:http';
import type { Answer, CallOptions } from '@zdravo/dev/demo/api';

/**
 * A call as from another machine: the limits of a route count addresses, and 64 clients do not share one. Every address of
 * 127.0.0.0/8 is this machine's (Linux).
 * @param n 0 to 65,535.
 */
export async function callFrom(
  n: number,
  address: string,
  method: string,
  path: string,
  { token, body }: Pick<CallOptions, 'token' | 'body'> = {},
): Promise<Answer> {
  const headers = {
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const { status, text } = await sendFrom(n, address, { method, path, headers, body: bytes });
  return { status, body: text === '' ? undefined : JSON.parse(text), headers: new Headers() };
}

export type RawRequest = {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: Buffer | undefined;
};

/** The same with bytes as they are. */
export function sendFrom(n: number, address: string, { method, path, headers, body }: RawRequest) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const url = new URL(path, address.replace('localhost', '127.0.0.1'));
    const sent = request(url, { method, headers, localAddress: `127.9.${n >> 8}.${n & 255}`, agent: false });
    sent.on('error', reject);
    sent.on('response', async (response) => {
      const text = Buffer.concat(await response.toArray()).toString();
      resolve({ status: response.statusCode!, text });
    });
    sent.end(body);
  });
}
