import { putUnderLoad } from './load.ts';
import {
  headersOf,
  type LoadedPlatform,
  leaveCheckpointBehind,
  most_clinics,
  type Prepared,
  prepareSignatures,
  startLoadedPlatform,
} from './platform-under-load.ts';
import { rawTransactionsPerSecond } from './raw-statements.ts';

// Declarations signed through the public API: access, CMS verification, container, person, declaration with its leaf, audit,
// replication on; requests approved and containers signed beforehand. Everything, the client (a process of its own) and
// PostgreSQL too, shares the machine. Sustained means warm: the first signatures, while V8 still compiles what they run
// through and statements get their plans, are not counted. Baseline: seven inserts in one transaction on
// the same server, the faster of before and after.

/** What is neither warming up nor flat out is paced: 7,800 are a minute of it, in which the jobs of a minute come once. */
const count = Number(process.env['ZDRAVO_BENCH_SIGNATURES'] ?? 3_000);
const warm_up = 600;
const flat_out = 1_200;
/** So many doctors wait for their answer at once, as they do at the limit of a platform: what comes at once is written together. */
const at_once = 64;
const paced_rate = 100;

export async function run() {
  if (count <= warm_up + flat_out)
    throw new Error(`ZDRAVO_BENCH_SIGNATURES is more than ${warm_up + flat_out}, or none is paced`);
  const loaded = await startLoadedPlatform(most_clinics);
  try {
    await leaveCheckpointBehind(loaded);
    const prepared = await prepareSignatures(loaded, count);
    const rawRate = () => rawTransactionsPerSecond(loaded.platform.database_urls.ops, 16, 5);
    const raw_before = await rawRate();
    await sign(loaded, prepared.splice(0, warm_up));
    const paced = await sign(loaded, prepared.splice(flat_out), paced_rate);
    const load = await sign(loaded, prepared);
    const raw = Math.max(raw_before, await rawRate());
    return {
      figures: {
        ...load,
        signatures: prepared.length,
        raw_rate: raw,
        paced_rate: paced.rate,
        paced_p50_ms: paced.p50_ms,
        paced_p99_ms: paced.p99_ms,
        paced_errors: paced.errors,
      },
      ratios: { of_raw_transaction: load.rate / raw },
    };
  } finally {
    await loaded.close();
  }
}

/** Signs them all, 64 at once, or so many a second. */
export function sign(loaded: LoadedPlatform, prepared: readonly Prepared[], rate?: number) {
  const { platform, postmaster_pid } = loaded;
  const calls = prepared.map(({ id, clinic, body_path }) => ({
    method: 'PATCH',
    path: `/api/declaration_requests/${id}/actions/sign`,
    headers: headersOf(loaded, clinic),
    body_path,
  }));
  const pace = rate === undefined ? {} : { rate };
  return putUnderLoad({ address: platform.address, calls, at_once, ...pace }, postmaster_pid);
}
