import { createConnection, type Socket } from 'node:net';

/** Where a virus scanner listens: `host` and `port`, or the path of a socket. */
export type ScannerAddress = { host: string; port: number } | { path: string };

export type ScanResult = { infected: false } | { infected: true; name: string };

export type Scanner = { scan(bytes: Uint8Array): Promise<ScanResult> };

/** The scanner gave no verdict; whoever asked must not take that for a clean one. */
export class ScannerUnavailable extends Error {
  override readonly name = 'ScannerUnavailable';
}

const chunk_bytes = 256 * 1024;

/**
 * Scans by the INSTREAM command of ClamAV's clamd (clamd(8)), one connection a scan.
 * Errors: {@link ScannerUnavailable} when it cannot be reached, is too slow, or answers with anything but a verdict.
 */
export function connectClamd(address: ScannerAddress, { timeout_ms = 8_000 } = {}): Scanner {
  return {
    scan: async (bytes) => {
      const answer = await converse(address, bytes, timeout_ms);
      const found = /^stream: (.+) FOUND$/.exec(answer)?.[1];
      if (found !== undefined) return { infected: true, name: found };
      if (answer === 'stream: OK') return { infected: false };
      throw new ScannerUnavailable(`clamd answered ${JSON.stringify(answer.slice(0, 200))}`);
    },
  };
}

function converse(address: ScannerAddress, bytes: Uint8Array, timeout_ms: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(address);
    const timer = setTimeout(() => socket.destroy(new Error(`no verdict within ${timeout_ms} ms`)), timeout_ms);
    let answer = '';
    socket.setEncoding('latin1');
    socket.on('connect', () => sendInstream(socket, bytes));
    socket.on('data', (text) => {
      answer += text;
      if (answer.includes('\0')) socket.end();
    });
    socket.on('error', (cause) => reject(new ScannerUnavailable('clamd gave no verdict', { cause })));
    socket.on('close', () => {
      clearTimeout(timer);
      // An answer may have come before the connection broke, as it does when the stream is too long for clamd.
      if (answer.includes('\0')) resolve(answer.slice(0, answer.indexOf('\0')));
      else reject(new ScannerUnavailable('clamd hung up without a verdict'));
    });
  });
}

/** Chunks, each with its length in 32 bits; one of no bytes ends the stream. */
function sendInstream(socket: Socket, bytes: Uint8Array): void {
  socket.write('zINSTREAM\0');
  for (let at = 0; at < bytes.length; at += chunk_bytes) {
    const chunk = bytes.subarray(at, at + chunk_bytes);
    socket.write(lengthOf(chunk.length));
    socket.write(chunk);
  }
  socket.write(lengthOf(0));
}

function lengthOf(bytes: number): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes);
  return length;
}
