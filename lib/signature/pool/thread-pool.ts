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
/** Its tasks in order: it works at the first, the others lie before it. */
type Thread = { worker: Worker; tasks: Task[]; timer: NodeJS.Timeout | undefined };

/** Tasks that a thread has at once: with the next one at hand it need not be woken for each. */
const at_hand = 4;

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
    if (this.load().waiting >= queue_limit) return Promise.reject(new VerifierBusyError(queue_limit));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ message, resolve, reject });
      this.#next();
    });
  }

  load(): { waiting: number; working: number } {
    const given = this.#threads.reduce((sum, { tasks }) => sum + tasks.length, 0);
    const working = this.#threads.filter(({ tasks }) => tasks.length > 0).length;
    return { waiting: this.#waiting.length + given - working, working };
  }

  async close(): Promise<void> {
    this.#is_closed = true;
    for (const task of this.#waiting.splice(0)) task.reject(new Error('The verifier pool is closed'));
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #start(): void {
    const worker = new Worker(new URL('./verifier-worker.ts', import.meta.url), { workerData: this.#options.trust });
    const thread: Thread = { worker, tasks: [], timer: undefined };
    this.#threads.push(thread);
    worker.on('message', (message: ResultMessage) => this.#finish(thread, message));
    worker.on('error', (error) => this.#replace(thread, error instanceof Error ? error : new Error(String(error))));
    worker.unref();
  }

  /** To whoever has least to do. */
  #next(): void {
    for (let given = 0; given < at_hand; given++)
      for (const thread of this.#threads) {
        if (thread.tasks.length > given || this.#waiting.length === 0) continue;
        const task = this.#waiting.shift()!;
        thread.tasks.push(task);
        if (thread.tasks.length === 1) this.#begin(thread);
        thread.worker.postMessage(task.message);
      }
  }

  #begin(thread: Thread): void {
    const { timeout_ms } = this.#options;
    const late = () => this.#replace(thread, new Error(`Verification took longer than ${timeout_ms} ms`));
    thread.timer = setTimeout(late, timeout_ms);
    thread.worker.ref();
  }

  #finish(thread: Thread, message: ResultMessage): void {
    const task = thread.tasks.shift();
    clearTimeout(thread.timer);
    thread.worker.unref();
    if (thread.tasks.length > 0) this.#begin(thread);
    if (message.kind === 'failed') task?.reject(new Error(message.error));
    else task?.resolve(message);
    this.#next();
  }

  /** Another thread goes on with what this one had not begun. */
  #replace(thread: Thread, error: Error): void {
    const at = this.#threads.indexOf(thread);
    if (at < 0) return;
    this.#threads.splice(at, 1);
    clearTimeout(thread.timer);
    const [begun, ...others] = thread.tasks;
    begun?.reject(error);
    this.#waiting.unshift(...others);
    void thread.worker.terminate();
    if (!this.#is_closed) this.#start();
    this.#next();
  }
}
