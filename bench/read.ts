import { measure, prepareSignatures, startLoadedPlatform } from './platform-under-load.ts';
import { rawReadsPerSecond } from './raw-statements.ts';

// Whole declarations read by id through the public API: the patient decrypted, the read on durable record before the answer
// leaves. Client, platform and PostgreSQL share the machine. Baseline: indexed reads of one row on the same server.

export async function run() {
  const loaded = await startLoadedPlatform();
  try {
    const { token } = loaded.clinic.doctor;
    const api_key = loaded.sign_ins.mis.client_secret;
    const ids: string[] = [];
    for (const { id, body } of await prepareSignatures(loaded, 40)) {
      const signed = await loaded.api.expect('PATCH', `/api/declaration_requests/${id}/actions/sign`, {
        token,
        api_key,
        body,
      });
      ids.push(signed.body.data.id);
    }
    const raw = await rawReadsPerSecond(loaded.platform.database_urls.mpi, 16, 5);
    const wanted = Array.from({ length: 4000 }, (_, index) => ids[index % ids.length]!);
    const load = await measure(wanted, 32, async (id) => {
      const answer = await loaded.api.call('GET', `/api/declarations/${id}`, { token, api_key });
      return answer.status === 200;
    });
    return { figures: { ...load, raw_rate: raw }, ratios: { of_raw_read: load.rate / raw } };
  } finally {
    await loaded.close();
  }
}
