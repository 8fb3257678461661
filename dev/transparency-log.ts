import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createLogFolder, type LogFolder, openLogFolder, published_name } from '@zdravo/ops';
import { createLogFiles, type FindLogFile } from '@zdravo/tlog';
import type { Settings } from './settings.ts';
import { startWitnesses } from './witnesses.ts';

export type DevelopmentLog = LogFolder & {
  /** Lines of a policy that asks for two of the three witnesses. */
  witness_lines: readonly string[];
  stop(): Promise<void>;
};

/**
 * The log of `npm start`: keys of this machine, files in the data folder, three witnesses of which two must cosign.
 * @param other_vkeys of further logs that the same witnesses watch.
 */
export async function startDevelopmentLog(
  settings: Settings,
  other_vkeys: readonly string[] = [],
): Promise<DevelopmentLog> {
  const data = resolve(settings.ZDRAVO_DATA);
  const folder = join(data, 'log');
  const { log: log_vkey } = await createLogFolder(folder, 'log.zdravo.localhost');
  const witnesses = await startWitnesses(join(data, 'witnesses'), log_vkey, ...other_vkeys);
  const lines = [`log ${log_vkey} http://localhost:${settings.ZDRAVO_PORT}/log`, ...witnesses.lines];
  await writeFile(join(folder, 'policy'), `${lines.join('\n')}\n`);
  const opened = await openLogFolder(folder);
  return {
    ...opened,
    witness_lines: witnesses.lines,
    stop: async () => {
      await opened.close();
      await witnesses.stop();
    },
  };
}

/** The log's public files: its published checkpoint, tiles, entry bundles and policy. */
export function logFilesOf({ tiles, checkpoints, policy_text, promise_key_text }: LogFolder): FindLogFile {
  return createLogFiles({
    tiles,
    checkpoint: () => checkpoints.get(published_name),
    texts: { policy: policy_text, 'promise-key': promise_key_text },
  });
}
