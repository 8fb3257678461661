import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What the auditor remembers between its runs, on a disk of its own: nothing that it audits can change it. */
export type AuditState = {
  /** The newest checkpoint that was found whole: its frontier (base64) and its note. */
  held?: { size: number; frontier: string; note: string };
  /** When a run, full or of what was new, last found nothing. */
  read_at?: string;
  /** When every record was read last, the signed containers too, and nothing was found. */
  whole_at?: string;
  /** Leaves from here on were found whole, and the signed containers of their records were not read yet. */
  containers_unread_from?: number;
  /** What the last full audit found, until another full one finds nothing: a later look at what is new must not hide it. */
  open?: { findings: number; at: string };
};

export async function readState(folder: string): Promise<AuditState> {
  const text = await readFile(statePath(folder), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  return JSON.parse(text) as AuditState;
}

export async function writeState(folder: string, state: AuditState): Promise<void> {
  await mkdir(folder, { recursive: true });
  const temporary = `${statePath(folder)}.new`;
  await writeFile(temporary, `${JSON.stringify(state, null, 2)}\n`, { flush: true });
  await rename(temporary, statePath(folder));
}

function statePath(folder: string): string {
  return join(folder, 'state.json');
}
