import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, stat } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

type Stage = { root: string };

/**
 * Takes the steps of a container file without containers: a folder for each stage, in which `COPY` copies and `RUN` runs, with
 * this machine's Node. @returns the last stage's folder, as its `WORKDIR` would be.
 */
export async function takeSteps({
  file,
  context,
  into,
}: {
  file: string;
  context: string;
  into: string;
}): Promise<string> {
  const stages = new Map<string, Stage>();
  let stage: Stage | undefined;
  for (const [instruction, rest] of instructionsOf(await readFile(file, 'utf8'))) {
    if (instruction === 'FROM') stage = await openStage(rest, stages, into);
    if (instruction === 'COPY') await copy(rest, { stages, stage: stage!, context });
    if (instruction === 'RUN') await run(rest, stage!.root);
  }
  return stage!.root;
}

function instructionsOf(text: string): [string, string][] {
  const lines = text.split('\n').filter((line) => line && !line.startsWith('#'));
  return lines.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]);
}

/** `IMAGE [AS NAME]`: another stage's name stands for a copy of what it holds. */
async function openStage(text: string, stages: Map<string, Stage>, into: string): Promise<Stage> {
  const [image, , name = 'last'] = text.split(' ');
  const root = join(into, name);
  await mkdir(root, { recursive: true });
  const base = stages.get(image!);
  if (base) await cp(base.root, root, { recursive: true, verbatimSymlinks: true });
  stages.set(name, { root });
  return { root };
}

type Copying = { stages: Map<string, Stage>; stage: Stage; context: string };

async function copy(text: string, { stages, stage, context }: Copying): Promise<void> {
  const [first, ...others] = text.split(' ');
  const from = first!.startsWith('--from=') ? stages.get(first!.slice('--from='.length))!.root : context;
  const places = from === context ? [first!, ...others] : others.map((place) => place.replace(/^\/zdravo\/?/, ''));
  const target = places.pop()!;
  for (const place of places) {
    const source = join(from, place);
    const to = target.endsWith('/') && (await stat(source)).isFile() ? join(target, place) : target;
    await mkdir(dirname(join(stage.root, to)), { recursive: true });
    await cp(source, join(stage.root, to), { recursive: true, verbatimSymlinks: true, filter: isSent });
  }

  /** What `.containerignore` keeps out of the context. */
  function isSent(path: string): boolean {
    return from !== context || !/\/(node_modules|dist|\.git|\.zdravo)$/.test(path);
  }
}

async function run(command: string, cwd: string): Promise<void> {
  const PATH = [dirname(process.execPath), process.env['PATH']].join(delimiter);
  await promisify(execFile)('sh', ['-c', command], { cwd, env: { ...process.env, PATH }, maxBuffer: 1e8 });
}
