import { parentPort, workerData } from 'node:worker_threads';
import { createTrustStore } from '../trust/trust-store.ts';
import { findStatusFaults } from '../verification/settle-statuses.ts';
import { verifyAndList } from '../verification/verify.ts';
import { readCertificate } from '../x509/certificate.ts';
import type { ResultMessage, TrustMessage, WorkMessage } from './pool-messages.ts';

/** The thread side of the verifier pool: one piece of work at a time; its caches live as long as it does. */
const { anchors, intermediates } = workerData as TrustMessage;
const trust = createTrustStore({
  services: anchors.map((anchor) => ({ ...anchor, certificate: readCertificate(anchor.certificate) })),
  intermediates,
});

parentPort?.on('message', (message: WorkMessage) => parentPort?.postMessage(answer(message)));

function answer(message: WorkMessage): ResultMessage {
  try {
    if (message.kind === 'settle')
      return { kind: 'settled', faults: findStatusFaults(message.answered, message.policy, trust) };
    const { container, policy, at, revocation_data } = message;
    return { kind: 'verified', ...verifyAndList(container, policy, trust, { at, revocation_data }) };
  } catch (error) {
    return { kind: 'failed', error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
