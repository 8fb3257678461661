import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Asked = { method: string; path: string; headers: IncomingMessage['headers']; text: string };
export type Answered = { status: number; body: unknown; headers?: Record<string, string> };

/** How a stand-in can be made to misbehave at its next requests; `lose` does the work and answers nothing. */
export type Trouble = { status: number } | 'hang' | 'reset' | 'lose' | 'no_json';

export type ServedAnswers = {
  endpoint: string;
  /** What was asked, in order, the attempts that were made to fail included. */
  asked: Asked[];
  /** Lets requests come and answers none until the function that it returns is called. */
  hold(): () => void;
  /** The next `times` requests meet this. */
  trouble(what: Trouble, times?: number): void;
  close(): Promise<void>;
};

/** Serves one function over real HTTP on a free port of this machine, for stand-ins of other people's services. */
export async function serveAnswers(answer: (asked: Asked) => Answered): Promise<ServedAnswers> {
  const asked: Asked[] = [];
  const troubles: Trouble[] = [];
  let held: Promise<void> | undefined;
  const server = createServer(async (req, res) => {
    const text = Buffer.concat(await Array.fromAsync(req as AsyncIterable<Buffer>)).toString();
    const one = { method: req.method!, path: req.url!, headers: req.headers, text };
    asked.push(one);
    const trouble = troubles.shift();
    if (trouble === 'hang') return;
    if (trouble === 'reset') return void req.socket.destroy();
    await held;
    const failed = typeof trouble === 'object' ? trouble.status : undefined;
    const { status, body, headers } = failed ? { status: failed, body: {}, headers: {} } : answer(one);
    if (trouble === 'lose') return void req.socket.destroy();
    res.writeHead(status, { 'content-type': 'application/json', ...headers });
    res.end(trouble === 'no_json' ? '<html>' : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    hold: () => {
      const gate = Promise.withResolvers<void>();
      held = gate.promise;
      return () => {
        held = undefined;
        gate.resolve();
      };
    },
    trouble: (what, times = 1) => void troubles.push(...Array.from({ length: times }, () => what)),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
