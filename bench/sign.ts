import { measure, prepareSignatures, startLoadedPlatform } from './platform-under-load.ts';
import { rawTransactionsPerSecond } from './raw-statements.ts';

// Declarations signed through the public API: access, CMS verification, container, person, declaration with its leaf, audit,
// replication on; requests approved and containers signed beforehand. Everything, this client and PostgreSQL too, shares the
// machine. Baseline: seven inserts in one transaction on the same server.

const count = Number(process.env['ZDRAVO_BENCH_SIGNATURES'] ?? 300);

export async function run() {
  const loaded = await startLoadedPlatform();
  try {
    const prepared = await prepareSignatures(loaded, count);
    const raw = await rawTransactionsPerSecond(loaded.platform.database_urls.ops, 16, 5);
    const { token } = loaded.clinic.doctor;
    const api_key = loaded.sign_ins.mis.client_secret;
    const load = await measure(prepared, 16, async ({ id, body }) => {
      const answer = await loaded.api.call('PATCH', `/api/declaration_requests/${id}/actions/sign`, {
        token,
        api_key,
        body,
      });
      return answer.status === 200;
    });
    return {
      figures: { ...load, signatures: prepared.length, raw_rate: raw },
      ratios: { of_raw_transaction: load.rate / raw },
    };
  } finally {
    await loaded.close();
  }
}
