import { readFile } from 'node:fs/promises';
import { putUnderLoad } from './load.ts';
import { headersOf, type LoadedPlatform, prepareSignatures, startLoadedPlatform } from './platform-under-load.ts';
import { rawReadsPerSecond } from './raw-statements.ts';

// Whole declarations read by id through the public API: the patient decrypted, the read on durable record before the answer
// leaves. Client (a process of its own), platform and PostgreSQL share the machine. Sustained means warm: the first reads, while
// V8 still compiles what they run through, are not counted. Baseline: indexed reads of one row on the same server.

/** Doctors who read: no one of them may call as often as this bench does. */
const doctors = 3;
const reads = 12_000;
const warm_up = 9_000;

export async function run() {
  const loaded = await startLoadedPlatform(doctors);
  try {
    const calls = await callsOf(loaded);
    const raw = await rawReadsPerSecond(loaded.platform.database_urls.mpi, 16, 5);
    const read = (count: number) => {
      const { postmaster_pid, platform } = loaded;
      const all = Array.from({ length: count }, (_, at) => calls[at % calls.length]!);
      return putUnderLoad({ address: platform.address, calls: all, at_once: 32 }, postmaster_pid);
    };
    await read(warm_up);
    const load = await read(reads);
    return { figures: { ...load, raw_rate: raw }, ratios: { of_raw_read: load.rate / raw } };
  } finally {
    await loaded.close();
  }
}

/** A read of each of some declarations by its own doctor. */
async function callsOf(loaded: LoadedPlatform) {
  const api_key = loaded.sign_ins.mis.client_secret;
  const calls: { method: string; path: string; headers: Record<string, string> }[] = [];
  for (const { id, clinic, body_path } of await prepareSignatures(loaded, 60)) {
    const path = `/api/declaration_requests/${id}/actions/sign`;
    const body = JSON.parse(await readFile(body_path, 'utf8'));
    const signed = await loaded.api.expect('PATCH', path, { token: clinic.doctor.token, api_key, body });
    const headers = headersOf(loaded, clinic);
    calls.push({ method: 'GET', path: `/api/declarations/${signed.body.data.id}`, headers });
  }
  return calls;
}
