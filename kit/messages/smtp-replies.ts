import type { Socket } from 'node:net';
import { DeliveryError, timedOut, unreachable } from './types.ts';

export type Reply = { code: number; lines: string[] };
export type ReplyReader = { next(): Promise<Reply>; stop(): void };

const longest_bytes = 65_536;

/** Reads replies of one or more lines (RFC 5321 §4.2.1) from a socket, in order; ends it when one is not whole in time. */
export function createReplyReader(socket: Socket, timeout_ms: number): ReplyReader {
  let text = '';
  let lines: string[] = [];
  let failure: Error | undefined;
  const ready: Reply[] = [];
  let waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void; timer: NodeJS.Timeout } | undefined;

  function fail(error: Error): void {
    failure ??= error;
    clearTimeout(waiting?.timer);
    waiting?.reject(failure);
    waiting = undefined;
  }

  function take(line: string): void {
    const [, code, separator, rest] = /^(\d{3})([ -]?)(.*)$/.exec(line) ?? [];
    if (!code) {
      fail(new DeliveryError('The mail server speaks no SMTP.', { permanent: false, carrier_code: 'smtp' }));
      return;
    }
    lines.push(rest!);
    if (separator === '-') return;
    ready.push({ code: Number(code), lines });
    lines = [];
    if (!waiting) return;
    clearTimeout(waiting.timer);
    waiting.resolve(ready.shift()!);
    waiting = undefined;
  }

  function read(chunk: Buffer): void {
    text += chunk.toString('latin1');
    if (text.length > longest_bytes) {
      socket.destroy(new Error('a reply without end'));
      return;
    }
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      const line = text.slice(0, end).replace(/\r$/, '');
      text = text.slice(end + 1);
      take(line);
    }
  }

  const broken = (cause: unknown) => fail(unreachable('The mail server', cause));
  const closed = () => broken(new Error('the connection was closed'));
  socket.on('data', read).on('error', broken).on('close', closed);

  return {
    next: () =>
      new Promise((resolve, reject) => {
        const reply = ready.shift();
        if (reply) return resolve(reply);
        if (failure) return reject(failure);
        const timer = setTimeout(() => socket.destroy(timedOut()), timeout_ms);
        waiting = { resolve, reject, timer };
      }),
    stop: () => {
      socket.off('data', read).off('error', broken).off('close', closed);
    },
  };
}
