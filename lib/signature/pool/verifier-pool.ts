import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { RevocationData } from '../revocation/revocation-data.ts';
import type { TrustStore } from '../trust/trust-store.ts';
import type { RevocationNeed } from '../verification/check-status.ts';
import type { SignaturePolicy } from '../verification/policy.ts';
import type { VerificationResult } from '../verification/result.ts';
import type { VerifyOptions } from '../verification/verify.ts';
import type { ResultMessage, TrustMessage, VerifyMessage } from './pool-messages.ts';

export type VerifierPoolOptions = {
  trust: TrustStore;
  /** Threads; one fewer than the processors when absent. */
  workers?: number;
  /** Containers that may wait; more are refused at once (VerifierBusyError), so that a flood fails fast. */
  queue_limit?: number;
  /** Longest verification of one container; its thread is replaced after it. */
  timeout_ms?: number;
  /**
   * Asked, outside the threads, for statuses that a policy requires and nobody has told yet. A slow answer holds up only the
   * containers that need it.
   */
  revocation?: (need: RevocationNeed) => Promise<RevocationData | undefined>;
};

/** The queue is full: try again shortly. */
export class VerifierBusyError extends Error {
  readonly code = 'verifier_busy';
  constructor(limit: number) {
    super(`${limit} containers already wait for verification`);
    this.name = 'VerifierBusyError';
  }
}

export type VerifierPool = {
  verify: (
    container: Uint8Array,
    policy: SignaturePolicy,
    options: Pick<VerifyOptions, 'at' | 'revocation_data'>,
  ) => Promise<VerificationResult>;
  /** Containers waiting and in work, for metrics. */
  load: () => { waiting: number; working: number };
  close: () => Promise<void>;
};

type Task = {
  message: Omit<VerifyMessage, 'id'>;
  resolve: (outcome: { result: VerificationResult; needs: RevocationNeed[] }) => void;
  reject: (error: Error) => void;
};

type Thread = { worker: Worker; task: Task | undefined; timer: NodeJS.Timeout | undefined };

/** Verification in worker threads, in order of arrival, with a bounded queue. */
export function createVerifierPool(options: VerifierPoolOptions): VerifierPool {
  const queue_limit = options.queue_limit ?? 256;
  const timeout_ms = options.timeout_ms ?? 10_000;
  const trust_message = describeTrust(options.trust);
  const waiting: Task[] = [];
  const threads: Thread[] = [];
  let is_closed = false;

  const count = options.workers ?? Math.max(1, availableParallelism() - 1);
  for (let i = 0; i < count; i++) startThread();

  function startThread(): void {
    const worker = new Worker(new URL('./verifier-worker.ts', import.meta.url), { workerData: trust_message });
    const thread: Thread = { worker, task: undefined, timer: undefined };
    threads.push(thread);
    worker.on('message', (message: ResultMessage) => finish(thread, message));
    worker.on('error', (error) => replace(thread, error instanceof Error ? error : new Error(String(error))));
    worker.unref();
  }

  function next(): void {
    for (const thread of threads) {
      if (thread.task || waiting.length === 0) continue;
      const task = waiting.shift()!;
      thread.task = task;
      thread.timer = setTimeout(
        () => replace(thread, new Error(`Verification took longer than ${timeout_ms} ms`)),
        timeout_ms,
      );
      thread.worker.ref();
      thread.worker.postMessage({ id: 0, ...task.message } satisfies VerifyMessage);
    }
  }

  function finish(thread: Thread, message: ResultMessage): void {
    const { task } = thread;
    clearTimeout(thread.timer);
    thread.task = undefined;
    thread.worker.unref();
    if (message.error !== undefined) task?.reject(new Error(message.error));
    else task?.resolve(message);
    next();
  }

  /** A thread that died or hangs takes down its own container only. */
  function replace(thread: Thread, error: Error): void {
    const at = threads.indexOf(thread);
    if (at < 0) return;
    threads.splice(at, 1);
    clearTimeout(thread.timer);
    thread.task?.reject(error);
    void thread.worker.terminate();
    if (!is_closed) startThread();
    next();
  }

  function run(message: Task['message']): Promise<{ result: VerificationResult; needs: RevocationNeed[] }> {
    if (is_closed) return Promise.reject(new Error('The verifier pool is closed'));
    if (waiting.length >= queue_limit) return Promise.reject(new VerifierBusyError(queue_limit));
    return new Promise((resolve, reject) => {
      waiting.push({ message, resolve, reject });
      next();
    });
  }

  return {
    verify: async (container, policy, { at, revocation_data = {} }) => {
      const message = { container, policy, at, revocation_data };
      const first = await run(message);
      if (!options.revocation || first.result.sub_indication !== 'TRY_LATER' || first.needs.length === 0)
        return first.result;
      const answers = await Promise.all(first.needs.map((need) => options.revocation!(need).catch(() => undefined)));
      return (await run({ ...message, revocation_data: joinData([revocation_data, ...answers]) })).result;
    },
    load: () => ({ waiting: waiting.length, working: threads.filter(({ task }) => task).length }),
    close: async () => {
      is_closed = true;
      for (const task of waiting.splice(0)) task.reject(new Error('The verifier pool is closed'));
      await Promise.all(threads.map(({ worker }) => worker.terminate()));
    },
  };
}

function describeTrust({ anchors, intermediates }: TrustStore): TrustMessage {
  return {
    anchors: anchors.map((anchor) => ({ ...anchor, certificate: anchor.certificate.der })),
    intermediates: intermediates.map(({ der }) => der),
  };
}

function joinData(parts: (RevocationData | undefined)[]): RevocationData {
  return {
    crls: parts.flatMap((part) => part?.crls ?? []),
    ocsp_responses: parts.flatMap((part) => part?.ocsp_responses ?? []),
  };
}
