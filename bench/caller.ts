import { Agent, request } from 'node:http';

// The client of a benchmark, in a process of its own: the platform's event loop serves and does nothing else.

export type Order = {
  address: string;
  calls: { method: string; path: string; headers: Record<string, string>; body?: string }[];
  /** So many at once; each caller sends its next call when the last one is answered. */
  at_once: number;
  /** Calls a second, however slow the answers are; as fast as they are answered when absent. */
  rate?: number;
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
  const agent = new Agent({ keepAlive: true, maxSockets: rate === undefined ? at_once : Number.POSITIVE_INFINITY });
  const times: number[] = [];
  let errors = 0;
  const { user, system } = process.cpuUsage();
  const begun = performance.now();
  const send = async (call: Order['calls'][number], due: number) => {
    if ((await statusOf(agent, address, call)) !== 200) errors++;
    times.push(performance.now() - due);
  };
  if (rate === undefined) {
    let next = 0;
    await Promise.all(
      Array.from({ length: at_once }, async () => {
        while (next < calls.length) await send(calls[next++]!, performance.now());
      }),
    );
  } else await Promise.all(calls.map((call, at) => sendAt(begun + (at * 1000) / rate, (due) => send(call, due))));
  const seconds = (performance.now() - begun) / 1000;
  agent.destroy();
  const used = process.cpuUsage({ user, system });
  return { seconds, times, errors, processor_ms: (used.user + used.system) / 1000 };
}

async function sendAt(due: number, send: (due: number) => Promise<void>): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
  await send(due);
}

function statusOf(
  agent: Agent,
  address: string,
  { method, path, headers, body }: Order['calls'][number],
): Promise<number> {
  return new Promise((resolve) => {
    const length =
      body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const outgoing = request(`${address}${path}`, { method, agent, headers: { ...headers, ...length } }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode ?? 0));
      answer.once('error', () => resolve(0));
    });
    outgoing.once('error', () => resolve(0));
    outgoing.end(body);
  });
}
