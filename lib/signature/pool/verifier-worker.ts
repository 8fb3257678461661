import { parentPort, workerData } from 'node:worker_threads';
import { createTrustStore } from '../trust/trust-store.ts';
import { verifyAndList } from '../verification/verify.ts';
import { readCertificate } from '../x509/certificate.ts';
import type { ResultMessage, TrustMessage, VerifyMessage } from './pool-messages.ts';

/** The thread side of the verifier pool: one container at a time; its caches live as long as it does. */
const { anchors, intermediates } = workerData as TrustMessage;
const trust = createTrustStore({
  services: anchors.map((anchor) => ({ ...anchor, certificate: readCertificate(anchor.certificate) })),
  intermediates,
});

parentPort?.on('message', ({ id, container, policy, at, revocation_data }: VerifyMessage) => {
  parentPort?.postMessage(answer(id, () => verifyAndList(container, policy, trust, { at, revocation_data })));
});

function answer(id: number, run: () => ReturnType<typeof verifyAndList>): ResultMessage {
  try {
    return { id, ...run() };
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
