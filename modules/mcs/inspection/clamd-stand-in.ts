import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** The EICAR test file, put together here so that this source is not taken for it. */
export const eicar = Buffer.from(
  ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR', 'STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('-'),
);

/** A stand-in that speaks INSTREAM as clamd(8) describes it, and finds EICAR. */
export async function startClamdStandIn(
  answerOf: (content: Buffer) => string | undefined,
): Promise<{ port: number; server: Server }> {
  const server = createServer((socket) => void converse(socket, answerOf).catch(() => socket.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, server };
}

async function converse(socket: Socket, answerOf: (content: Buffer) => string | undefined): Promise<void> {
  let received = Buffer.alloc(0);
  for await (const part of socket as AsyncIterable<Buffer>) {
    received = Buffer.concat([received, part]);
    const content = wholeStream(received);
    if (!content) continue;
    const answer = answerOf(content);
    if (answer !== undefined) socket.end(`${answer}\0`);
  }
}

function wholeStream(received: Buffer): Buffer | undefined {
  const command = Buffer.from('zINSTREAM\0');
  if (received.length < command.length) return undefined;
  assert.deepEqual(received.subarray(0, command.length), command);
  const chunks: Buffer[] = [];
  for (let at = command.length; at + 4 <= received.length; ) {
    const length = received.readUInt32BE(at);
    if (length === 0) return Buffer.concat(chunks);
    chunks.push(received.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return undefined;
}

/** The verdict of a scanner that knows EICAR only. */
export const findsEicar = (content: Buffer) =>
  content.includes(eicar) ? 'stream: Eicar-Test-Signature FOUND' : 'stream: OK';
