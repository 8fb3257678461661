import { request } from 'node:http';
import type { Answer, CallOptions } from '@zdravo/dev/demo/api';

/**
 * A call as from another machine: the limits of a route count addresses, and 64 clients do not share one. Every address of
 * 127.0.0.0/8 is this machine's (Linux).
 * @param n 0 to 65,535.
 */
export function callFrom(
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
  return new Promise((resolve, reject) => {
    const url = new URL(path, address.replace('localhost', '127.0.0.1'));
    const sent = request(url, { method, headers, localAddress: `127.9.${n >> 8}.${n & 255}`, agent: false });
    sent.on('error', reject);
    sent.on('response', async (response) => {
      const text = Buffer.concat(await response.toArray()).toString();
      resolve({
        status: response.statusCode!,
        body: text === '' ? undefined : JSON.parse(text),
        headers: new Headers(),
      });
    });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
