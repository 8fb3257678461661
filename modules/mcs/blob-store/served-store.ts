import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Credentials } from '@zdravo/kit/sigv4';
import { type BuiltInStore, type BuiltInStoreOptions, openBuiltInStore } from './built-in-store.ts';

/** A built-in store behind a real server on a free port, for tests and benchmarks; `close` removes its files. */
export type ServedStore = {
  store: BuiltInStore;
  endpoint: string;
  directory: string;
  failures: unknown[];
  credentials: Credentials;
  close(): Promise<void>;
};

export async function serveStore(
  options: Partial<Omit<BuiltInStoreOptions, 'credentials'>> & { prefix?: string; credentials?: Credentials } = {},
): Promise<ServedStore> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'zdravo-store-')));
  const failures: unknown[] = [];
  const credentials = options.credentials ?? { access_key_id: 'key-of-tests', secret_access_key: 'secret-of-tests' };
  const server: Server = createServer((req, res) => store.handler(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}${options.prefix ?? ''}`;
  const store: BuiltInStore = openBuiltInStore({
    buckets: { quarantine: {}, clean: {} },
    onFailure: (error) => failures.push(error),
    ...options,
    credentials,
    directory,
    endpoint,
  });
  const close = async () => {
    await store.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(directory, { recursive: true, force: true });
  };
  return { store, endpoint, directory, failures, credentials, close };
}

export type RawAnswer = { status: number; headers: Record<string, string | string[] | undefined>; body: Buffer };

/** One HTTP exchange in which nothing is normalised or added, unlike fetch: paths and headers go out as given. */
export function exchange(input: {
  method: string;
  url: string;
  headers?: Record<string, string | string[]>;
  body?: Uint8Array | Readable;
}): Promise<RawAnswer> {
  const { origin } = new URL(input.url);
  const path = input.url.slice(origin.length);
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(origin);
    const req = request({ hostname, port, path, method: input.method, headers: input.headers }, async (res) => {
      const body = Buffer.concat(await Array.fromAsync(res as AsyncIterable<Buffer>));
      resolve({ status: res.statusCode ?? 0, headers: res.headers, body });
    });
    req.on('error', reject);
    if (input.body && !(input.body instanceof Uint8Array)) input.body.pipe(req);
    else req.end(input.body);
  });
}
