import { Worker } from 'node:worker_threads';
import type { ResultMessage, TrustMessage, WorkMessage } from './pool-messages.ts';

/** The queue is full: try again shortly. */
export class VerifierBusyError extends Error {
  readonly code = 'verifier_busy';
  constructor(limit: number) {
    super(`${limit} containers already wait for verification`);
    this.name = 'VerifierBusyError';
  }
}

export type ThreadPoolOptions = { trust: TrustMessage; threads: number; queue_limit: number; timeout_ms: number };

type Answer = Exclude<ResultMessage, { kind: 'failed' }>;
type Task = { message: WorkMessage; resolve: (answer: Answer) => void; reject: (error: Error) => void };
type Thread = { worker: Worker; task: Task | undefined; timer: NodeJS.Timeout | undefined };

/** Worker threads with a bounded queue, in order of arrival; a thread that dies or hangs takes down its own work only. */
export class ThreadPool {
  readonly #options: ThreadPoolOptions;
  readonly #waiting: Task[] = [];
  readonly #threads: Thread[] = [];
  #is_closed = false;

  constructor(options: ThreadPoolOptions) {
    this.#options = options;
    for (let i = 0; i < options.threads; i++) this.#start();
  }

  /** @throws VerifierBusyError when the queue is full. */
  run(message: WorkMessage): Promise<Answer> {
    const { queue_limit } = this.#options;
    if (this.#is_closed) return Promise.reject(new Error('The verifier pool is closed'));
    if (this.#waiting.length >= queue_limit) return Promise.reject(new VerifierBusyError(queue_limit));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ message, resolve, reject });
      this.#next();
    });
  }

  load(): { waiting: number; working: number } {
    return { waiting: this.#waiting.length, working: this.#threads.filter(({ task }) => task).length };
  }

  async close(): Promise<void> {
    this.#is_closed = true;
    for (const task of this.#waiting.splice(0)) task.reject(new Error('The verifier pool is closed'));
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #start(): void {
    const worker = new Worker(new URL('./verifier-worker.ts', import.meta.url), { workerData: this.#options.trust });
    const thread: Thread = { worker, task: undefined, timer: undefined };
    this.#threads.push(thread);
    worker.on('message', (message: ResultMessage) => this.#finish(thread, message));
    worker.on('error', (error) => this.#replace(thread, error instanceof Error ? error : new Error(String(error))));
    worker.unref();
  }

  #next(): void {
    for (const thread of this.#threads) {
      if (thread.task || this.#waiting.length === 0) continue;
      const task = this.#waiting.shift()!;
      const { timeout_ms } = this.#options;
      thread.task = task;
      const late = () => this.#replace(thread, new Error(`Verification took longer than ${timeout_ms} ms`));
      thread.timer = setTimeout(late, timeout_ms);
      thread.worker.ref();
      thread.worker.postMessage(task.message);
    }
  }

  #finish(thread: Thread, message: ResultMessage): void {
    const { task } = thread;
    clearTimeout(thread.timer);
    thread.task = undefined;
    thread.worker.unref();
    if (message.kind === 'failed') task?.reject(new Error(message.error));
    else task?.resolve(message);
    this.#next();
  }

  #replace(thread: Thread, error: Error): void {
    const at = this.#threads.indexOf(thread);
    if (at < 0) return;
    this.#threads.splice(at, 1);
    clearTimeout(thread.timer);
    thread.task?.reject(error);
    void thread.worker.terminate();
    if (!this.#is_closed) this.#start();
    this.#next();
  }
}
