import { availableParallelism } from 'node:os';
import type { RevocationData } from '../revocation/revocation-data.ts';
import type { TrustStore } from '../trust/trust-store.ts';
import type { RevocationNeed } from '../verification/check-status.ts';
import type { SignaturePolicy } from '../verification/policy.ts';
import type { VerificationResult } from '../verification/result.ts';
import { type AnsweredStatus, refuseFor } from '../verification/settle-statuses.ts';
import type { OpenSignatureStatus, VerifyOptions } from '../verification/verify.ts';
import type { TrustMessage, Verified } from './pool-messages.ts';
import { ThreadPool } from './thread-pool.ts';

export { VerifierBusyError } from './thread-pool.ts';

export type VerifierPoolOptions = {
  trust: TrustStore;
  /** Threads; one fewer than the processors when absent. */
  workers?: number;
  /** Containers that may wait; more are refused at once (VerifierBusyError), so that a flood fails fast. */
  queue_limit?: number;
  /** Longest verification of one container; its thread is replaced after it. */
  timeout_ms?: number;
  /**
   * Asked, outside the threads, for statuses that nobody has told yet. A slow answer holds up only the containers that need it.
   * Under both rules of a policy: one that is told is obeyed, and the rule decides about one that is not.
   */
  revocation?: (need: RevocationNeed) => Promise<RevocationData | undefined>;
  /** Longest wait of one container for those answers, 3 s when absent; after it nobody has answered. */
  revocation_wait_ms?: number;
};

export type PoolVerifyOptions = Pick<VerifyOptions, 'at' | 'revocation_data'> & {
  /** Nobody is asked: for containers that were judged when they were received. */
  offline?: boolean;
};

export type VerifierPool = {
  verify: (container: Uint8Array, policy: SignaturePolicy, options: PoolVerifyOptions) => Promise<VerificationResult>;
  /** Verifies without asking anybody, and lists the statuses that are open: what an upgrade collects. */
  verifyAndList: (
    container: Uint8Array,
    policy: SignaturePolicy,
    options: Pick<VerifyOptions, 'at'>,
  ) => Promise<{ result: VerificationResult; needs: OpenSignatureStatus[] }>;
  /** Containers waiting and in work, for metrics. */
  load: () => { waiting: number; working: number };
  close: () => Promise<void>;
};

/** Verification in worker threads, in order of arrival, with a bounded queue. */
export function createVerifierPool(options: VerifierPoolOptions): VerifierPool {
  const threads = new ThreadPool({
    trust: describeTrust(options.trust),
    threads: options.workers ?? Math.max(1, availableParallelism() - 1),
    queue_limit: options.queue_limit ?? 256,
    timeout_ms: options.timeout_ms ?? 10_000,
  });
  return {
    verify: async (container, policy, { at, revocation_data = {}, offline = false }) => {
      const source = offline ? undefined : options.revocation;
      // With somebody to ask, the rule about unknown statuses is applied after asking.
      const first_policy: SignaturePolicy = source ? { ...policy, revocation: 'if_available' } : policy;
      const message = { kind: 'verify' as const, container, policy: first_policy, at, revocation_data };
      const { result, needs } = (await threads.run(message)) as Verified;
      if (!source || result.indication !== 'TOTAL_PASSED' || needs.length === 0) return result;
      const answered = await askAll(source, needs, options.revocation_wait_ms ?? 3_000);
      // The best signature time hangs on what is told of a time-stamp's unit: then all is judged anew, by all that was told.
      if (needs.some(({ is_of_time_stamp }) => is_of_time_stamp)) {
        const told = joinAnswers(revocation_data, answered);
        return ((await threads.run({ ...message, policy, revocation_data: told })) as Verified).result;
      }
      const settled = await threads.run({ kind: 'settle', answered, policy });
      return refuseFor(result, settled.kind === 'settled' ? settled.faults : []);
    },
    verifyAndList: async (container, policy, { at }) => {
      const message = { kind: 'verify' as const, container, policy, at, revocation_data: {} };
      const { result, needs } = (await threads.run(message)) as Verified;
      return { result, needs };
    },
    load: () => threads.load(),
    close: () => threads.close(),
  };
}

function joinAnswers(given: RevocationData, answered: readonly AnsweredStatus[]): RevocationData {
  const all = [given, ...answered.map(({ data }) => data ?? {})];
  return {
    crls: all.flatMap(({ crls }) => crls ?? []),
    ocsp_responses: all.flatMap(({ ocsp_responses }) => ocsp_responses ?? []),
  };
}

async function askAll(
  ask: NonNullable<VerifierPoolOptions['revocation']>,
  needs: readonly OpenSignatureStatus[],
  wait_ms: number,
): Promise<AnsweredStatus[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, wait_ms, undefined);
  });
  const answers = needs.map(async (need) => {
    const data = await Promise.race([ask(need).catch(() => undefined), late]);
    return { need, data };
  });
  return Promise.all(answers).finally(() => clearTimeout(timer));
}

function describeTrust({ anchors, intermediates }: TrustStore): TrustMessage {
  return {
    anchors: anchors.map((anchor) => ({ ...anchor, certificate: anchor.certificate.der })),
    intermediates: intermediates.map(({ der }) => der),
  };
}
