import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';

export type Environment = Record<string, string>;

export type Program = {
  /** Tells all that was printed so far, at every line. */
  onOutput(listener: (text: string) => void): void;
  /** As an orchestrator ends it. @throws Error when it does not end well. */
  stop(): Promise<void>;
};

/** Where the programs lie, unless their path says. */
export const dev = join(import.meta.dirname, '..', 'dev');

/** Runs a program of `dev/` to its end, with nothing of this process's environment but what a program needs. */
export async function runProgram(file: string, args: string[], environment: Environment) {
  const { ended, output } = run(file, args, environment);
  const code = await ended;
  return { code, output: output() };
}

/** Starts a program of `dev/` that says when it is ready. @throws Error with what it printed when it ends instead. */
export async function startProgram(file: string, args: string[], environment: Environment): Promise<Program> {
  const { child, ended, output } = run(file, args, environment);
  const listeners: ((text: string) => void)[] = [];
  await new Promise<void>((resolve, reject) => {
    const tell = () => {
      for (const listener of listeners) listener(output());
      if (/^ready /m.test(output())) resolve();
    };
    child.stdout.on('data', tell);
    child.stderr.on('data', tell);
    void ended.then((code) => reject(new Error(`${args.join(' ')} ended with ${code}: ${output()}`)));
  });
  return {
    onOutput: (listener) => {
      listeners.push(listener);
      listener(output());
    },
    stop: async () => {
      child.kill('SIGTERM');
      const code = await ended;
      if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${output()}`);
    },
  };
}

function run(file: string, args: string[], environment: Environment) {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [resolve(dev, file), ...args], { env: { PATH, HOME, ...environment } });
  process.once('exit', () => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk;
    });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { child, ended, output: () => output };
}
