import { putUnderLoad } from './load.ts';
import { headersOf, prepareSignatures, startLoadedPlatform } from './platform-under-load.ts';
import { rawReadsPerSecond } from './raw-statements.ts';

// Whole declarations read by id through the public API: the patient decrypted, the read on durable record before the answer
// leaves. Client (a process of its own), platform and PostgreSQL share the machine. Baseline: indexed reads of one row on the
// same server.

const reads = 6_000;
const warm_up = 1_000;

export async function run() {
  const loaded = await startLoadedPlatform();
  try {
    const api_key = loaded.sign_ins.mis.client_secret;
    const ids: string[] = [];
    for (const { id, clinic, body } of await prepareSignatures(loaded, 40)) {
      const path = `/api/declaration_requests/${id}/actions/sign`;
      const { token } = clinic.doctor;
      ids.push((await loaded.api.expect('PATCH', path, { token, api_key, body })).body.data.id);
    }
    const raw = await rawReadsPerSecond(loaded.platform.database_urls.mpi, 16, 5);
    const headers = headersOf(loaded, loaded.clinics[0]!);
    const read = (count: number) => {
      const calls = Array.from({ length: count }, (_, at) => ({
        method: 'GET',
        path: `/api/declarations/${ids[at % ids.length]}`,
        headers,
      }));
      const { postmaster_pid, platform } = loaded;
      return putUnderLoad({ address: platform.address, calls, at_once: 32 }, postmaster_pid);
    };
    await read(warm_up);
    const load = await read(reads);
    return { figures: { ...load, raw_rate: raw }, ratios: { of_raw_read: load.rate / raw } };
  } finally {
    await loaded.close();
  }
}
