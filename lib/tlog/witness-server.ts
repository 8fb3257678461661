import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { addCheckpoint, findCosignedCheckpoint, type Witness, type WitnessAnswer } from './witness.ts';
import { MAX_ADD_CHECKPOINT_BYTES } from './witness-requests.ts';

const PLAIN_TEXT = 'text/plain; charset=utf-8';

/**
 * A witness over HTTP (c2sp.org/tlog-witness): `POST /add-checkpoint` for logs, `GET /<origin hash>/checkpoint` for
 * monitors, `GET /health`. Not listening yet. `on_error` hears of what was answered with a bare 500.
 */
export function createWitnessServer(witness: Witness, { on_error }: { on_error: (error: unknown) => void }): Server {
  const server = createServer((request, response) => {
    answer(witness, request, response).catch((error: unknown) => {
      on_error(error);
      if (!response.headersSent) send(response, 500, 'internal error\n');
      else response.destroy();
    });
  });
  server.requestTimeout = 10_000;
  server.headersTimeout = 5_000;
  server.keepAliveTimeout = 60_000;
  server.maxConnections = 1024;
  return server;
}

async function answer(witness: Witness, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '').split('?', 1)[0]!;
  if (path === '/add-checkpoint') return answerAddCheckpoint(witness, request, response);
  const origin_hash = /^\/([0-9a-f]{64})\/checkpoint$/.exec(path)?.[1];
  if (origin_hash === undefined && path !== '/health') return send(response, 404, 'not found\n');
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return send(response, 405, 'GET only\n', { allow: 'GET, HEAD' });
  if (origin_hash === undefined) return send(response, 200, 'ok\n');
  const checkpoint = await findCosignedCheckpoint(witness, origin_hash);
  if (checkpoint === undefined) return send(response, 404, 'no checkpoint\n');
  return send(response, 200, checkpoint, { 'cache-control': 'no-store' });
}

async function answerAddCheckpoint(
  witness: Witness,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'POST') return send(response, 405, 'POST only\n', { allow: 'POST' });
  const body = await readBody(request);
  if (body === undefined) return send(response, 413, 'too large\n', { connection: 'close' });
  const { status, text, type } = render(await addCheckpoint(witness, body));
  return send(response, status, text, { 'content-type': type });
}

function render(given: WitnessAnswer): { status: number; text: string; type: string } {
  if (given.status === 200) return { status: 200, text: given.cosignatures, type: PLAIN_TEXT };
  if (given.status === 409) return { status: 409, text: `${given.size}\n`, type: 'text/x.tlog.size' };
  return { status: given.status, text: `${given.reason}\n`, type: PLAIN_TEXT };
}

/** The whole body, or nothing when it is larger than any request can be. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_ADD_CHECKPOINT_BYTES) return undefined;
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function send(
  response: ServerResponse,
  status: number,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': PLAIN_TEXT, 'x-content-type-options': 'nosniff', ...headers });
  response.end(body);
}
