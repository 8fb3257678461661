import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

// The client of a benchmark, in a process of its own: the platform's event loop serves and does nothing else. It shares the
// machine with what it measures, so it speaks only as much HTTP as the platform's answers need: Node's client takes a tenth of a
// millisecond for each call.

export type Order = {
  address: string;
  calls: Call[];
  /** So many at once; each caller sends its next call when the last one is answered. */
  at_once: number;
  /** Calls a second, however slow the answers are; as fast as they are answered when absent. */
  rate?: number;
};

export type Call = {
  method: string;
  path: string;
  headers: Record<string, string>;
  /** A file with the JSON text: thousands of bodies are no part of the memory of the process that is measured. */
  body_path?: string;
};

export type Answered = {
  seconds: number;
  /** Milliseconds from the moment a call was due to its whole answer, in any order. */
  times: number[];
  errors: number;
  processor_ms: number;
};

process.on('message', (order: Order) => {
  void carryOut(order).then((answered) => process.send!(answered));
});

async function carryOut({ address, calls, at_once, rate }: Order): Promise<Answered> {
  const lines = createLines(address);
  const ready = calls.map((call) => ({ call, body: call.body_path ? readFileSync(call.body_path, 'utf8') : '' }));
  const times: number[] = [];
  let errors = 0;
  const { user, system } = process.cpuUsage();
  const begun = performance.now();
  const send = async (call: ReadyCall, due: number) => {
    if ((await lines.statusOf(call)) !== 200) errors++;
    times.push(performance.now() - due);
  };
  if (rate === undefined) {
    let next = 0;
    await Promise.all(
      Array.from({ length: at_once }, async () => {
        while (next < ready.length) await send(ready[next++]!, performance.now());
      }),
    );
  } else await Promise.all(ready.map((call, at) => sendAt(begun + (at * 1000) / rate, (due) => send(call, due))));
  const seconds = (performance.now() - begun) / 1000;
  lines.close();
  const used = process.cpuUsage({ user, system });
  return { seconds, times, errors, processor_ms: (used.user + used.system) / 1000 };
}

type ReadyCall = { call: Call; body: string };

async function sendAt(due: number, send: (due: number) => Promise<void>): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
  await send(due);
}

/** Connections that are kept; a call takes one that is free, or opens one. */
function createLines(address: string) {
  const { hostname: host, port } = new URL(address);
  const free: Line[] = [];
  return {
    statusOf: async (call: ReadyCall) => {
      const line = free.pop() ?? openLine(host, Number(port));
      const status = await line.ask(requestOf(call, host));
      if (status === 0) line.close();
      else free.push(line);
      return status;
    },
    close: () => {
      for (const line of free) line.close();
    },
  };
}

type Line = {
  /** The status of the answer when all of it is there; 0 when the connection failed. */
  ask(request: string): Promise<number>;
  close(): void;
};

function openLine(host: string, port: number): Line {
  const socket = connect({ host, port, noDelay: true });
  let answered: (status: number) => void = () => {};
  let received: Buffer = Buffer.alloc(0);
  socket.on('data', (bytes: Buffer) => {
    received = received.length === 0 ? bytes : Buffer.concat([received, bytes]);
    const status = statusOfWhole(received);
    if (status === undefined) return;
    received = Buffer.alloc(0);
    answered(status);
  });
  socket.on('error', () => answered(0));
  socket.on('close', () => answered(0));
  return {
    ask: (request) =>
      new Promise((resolve) => {
        answered = resolve;
        if (socket.destroyed) resolve(0);
        else socket.write(request);
      }),
    close: () => socket.destroy(),
  };
}

function requestOf({ call: { method, path, headers }, body }: ReadyCall, host: string): string {
  const length = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
  const lines = Object.entries({ host, ...headers, ...(body === '' ? {} : length) }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return [`${method} ${path} HTTP/1.1`, ...lines, '', body].join('\r\n');
}

/** Of an answer that is there to its end; the platform tells the length of each. */
function statusOfWhole(received: Buffer): number | undefined {
  const head_end = received.indexOf('\r\n\r\n');
  if (head_end === -1) return undefined;
  const head = received.toString('latin1', 0, head_end);
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error('an answer without a length');
  return received.length < head_end + 4 + Number(length) ? undefined : Number(head.slice(9, 12));
}
