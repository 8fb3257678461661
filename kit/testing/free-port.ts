import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the ports that Linux and others hand to outgoing connections: one of those may be taken before we listen. */
const range = { from: 15_000, to: 32_000 };

/** A port that nobody listens on now and that no outgoing connection will be given. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(range.from, range.to);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
