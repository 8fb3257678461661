import { parentPort, workerData } from 'node:worker_threads';
import { createMatcher, type Tokens } from '@zdravo/linkage';
import pg from 'pg';
import type { EpochKeys } from '../vault/epochs.ts';
import { evidenceOf, verdictOf } from './decide.ts';
import type { ServingModel } from './models.ts';
import { openSketch } from './sketch.ts';

export type ShardTask = {
  pairs: { low_id: string; high_id: string }[];
  keys: Map<string, Uint8Array>;
  epochs: EpochKeys;
};
export type ScoredShard = {
  low_ids: string[];
  high_ids: string[];
  bits: number[];
  /** JSON with verdict and probability beside the evidence; null for pairs of which nothing comes. */
  evidence: (string | null)[];
  unreadable: string[];
};

/** A sketch that is not there, or whose bytes were altered, speaks neither for nor against anybody. */
const nothing_known = -1000;
const fetched_at_once = 2000;

const { database_url, key_id, serving } = workerData as {
  database_url: string;
  key_id: string;
  serving: Omit<ServingModel, 'matcher'>;
};
const matcher = createMatcher(serving.model, { population: serving.population });
const client = new pg.Client({ connectionString: database_url, application_name: 'mpi-linker-scorer' });
const connected = client.connect().then(() => client.query('set role zdravo_mpi_linker'));

parentPort!.on('message', async (task: ShardTask | 'stop') => {
  await connected;
  if (task === 'stop') {
    await client.end();
    parentPort!.close();
    return;
  }
  parentPort!.postMessage(await scoreShard(task));
});

async function scoreShard({ pairs, ...opening }: ShardTask): Promise<ScoredShard> {
  const { sketches, unreadable } = await openSketches(opening);
  const scored: ScoredShard = { low_ids: [], high_ids: [], bits: [], evidence: [], unreadable };
  for (const { low_id, high_id } of pairs) {
    const [left, right] = [sketches.get(low_id), sketches.get(high_id)];
    scored.low_ids.push(low_id);
    scored.high_ids.push(high_id);
    const explanation = left && right && matcher.compareTokens(left, right);
    scored.bits.push(explanation ? Math.max(nothing_known, explanation.log2_odds) : nothing_known);
    const verdict = explanation ? verdictOf(explanation, serving) : 'nothing';
    const said = { verdict, probability: explanation?.probability };
    const evidence = verdict === 'nothing' ? null : { ...said, ...evidenceOf(serving.id, explanation!) };
    scored.evidence.push(evidence && JSON.stringify(evidence));
  }
  return scored;
}

async function openSketches({ keys, epochs }: Pick<ShardTask, 'keys' | 'epochs'>) {
  const ids = [...keys.keys()];
  const sketches = new Map<string, Tokens[]>();
  const unreadable: string[] = [];
  for (let at = 0; at < ids.length; at += fetched_at_once) {
    const { rows } = await client.query<{ person_id: string; ciphertext: Buffer }>(
      'select person_id, ciphertext from mpi.linkage_sketches where key_id = $1 and person_id = any($2)',
      [key_id, ids.slice(at, at + fetched_at_once)],
    );
    for (const { person_id, ciphertext } of rows) {
      try {
        sketches.set(person_id, openSketch({ key: keys.get(person_id)!, epochs }, { person_id, key_id }, ciphertext));
      } catch {
        unreadable.push(person_id);
      }
    }
  }
  return { sketches, unreadable };
}
