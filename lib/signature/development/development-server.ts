import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Request media type → what answers it. */
export type Answers = Record<string, { type: string; answer: (body: Uint8Array) => Uint8Array | Promise<Uint8Array> }>;

export type DevelopmentServer = { address: string; close: () => Promise<void> };

const most_bytes = 64 * 1024;

/** A small HTTP server on loopback: POST with a known media type, or GET of what is listed under "". */
export async function startServer(port: number | undefined, answers: Answers): Promise<DevelopmentServer> {
  const server = createServer((request, response) => {
    respond(request, response, answers).catch(() => response.writeHead(500).end());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port ?? 0, '127.0.0.1', resolve);
  });
  const { port: chosen } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${chosen}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function respond(request: IncomingMessage, response: ServerResponse, answers: Answers): Promise<void> {
  const known = answers[request.method === 'POST' ? (request.headers['content-type'] ?? '') : ''];
  if (!known) return void response.writeHead(415).end();
  const body = await readBody(request);
  if (!body) return void response.writeHead(413).end();
  response.writeHead(200, { 'content-type': known.type }).end(await known.answer(body));
}

async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Uint8Array>) {
    length += piece.length;
    if (length > most_bytes) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
