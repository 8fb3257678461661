import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Three witnesses in processes of their own, so that a newcomer sees a quorum. In production others run them. */
export type Witnesses = { lines: string[]; stop(): Promise<void> };

type RunningWitness = { vkey: string; url: string; child: ChildProcess };

const names = ['patients', 'doctors', 'archive'] as const;
const program = fileURLToPath(import.meta.resolve('@zdravo/tlog/witness'));

/** @returns the lines of a policy that asks for two of the three. */
export async function startWitnesses(folder: string, ...log_vkeys: string[]): Promise<Witnesses> {
  const running = await Promise.all(names.map((name) => startWitness(join(folder, name), name, log_vkeys)));
  const lines = running.map(({ vkey, url }, at) => `witness ${names[at]} ${vkey} ${url}`);
  return {
    lines: [...lines, `group witnesses 2 ${names.join(' ')}`, 'quorum witnesses'],
    stop: async () => {
      await Promise.all(running.map(({ child }) => stopped(child)));
    },
  };
}

async function startWitness(data: string, name: string, log_vkeys: readonly string[]): Promise<RunningWitness> {
  const logs = log_vkeys.flatMap((vkey) => ['--log', vkey]);
  const flags = ['--name', `${name}.witness.zdravo.localhost`, '--data', data, ...logs, '--port', '0'];
  const child = spawn(process.execPath, [program, ...flags], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  let output = '';
  for await (const chunk of child.stdout!) {
    output += chunk;
    const found = /^vkey (\S+)\nready (\S+)\n/m.exec(output);
    if (found) return { vkey: found[1]!, url: found[2]!, child: resumed(child) };
  }
  throw new Error(`The witness ${name} did not start.`);
}

/** What it says later goes nowhere, but must not fill the pipe. */
function resumed(child: ChildProcess): ChildProcess {
  child.stdout!.resume();
  return child;
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}
