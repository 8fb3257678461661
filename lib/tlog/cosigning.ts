import type { VerifierKey } from './keys.ts';
import type { NoteSignature } from './notes.ts';
import { encodeNote } from './notes.ts';
import { isQuorum, type Policy, type PolicyWitness } from './policies.ts';
import { weighCheckpoint } from './policy-checks.ts';
import { addSignatures } from './signed-checkpoints.ts';
import { requestCosignatures } from './witness-client.ts';

/** What each witness did, by its name in the policy. */
export type WitnessOutcome =
  | { outcome: 'cosigned'; cosignatures: NoteSignature[] }
  /** The witness has seen a larger tree than we wish to publish: the sign of a fork or of a database restored from a backup. */
  | { outcome: 'ahead'; size: bigint }
  | { outcome: 'refused'; status: number }
  | { outcome: 'failed'; error: unknown };

export type CosigningResult = {
  /** The checkpoint with all cosignatures that had come when the quorum was met, or when all had answered. */
  checkpoint: Uint8Array;
  quorum_met: boolean;
  outcomes: ReadonlyMap<string, WitnessOutcome>;
  /** The same once every witness has answered: late cosignatures may be published afterwards. */
  complete: Promise<Omit<CosigningResult, 'complete'>>;
};

export type Cosigning = {
  checkpoint: Uint8Array;
  policy: Policy;
  /** The size each witness is believed to hold, by its name; 0 when not known. */
  known_sizes: ReadonlyMap<string, bigint>;
  /** The consistency proof from that size to the checkpoint's. */
  prove: (old_size: bigint) => Promise<Uint8Array[]>;
  timeout_ms: number;
  fetch?: typeof fetch;
};

/**
 * Asks all witnesses of a policy that have an address, at once, and resolves as soon as the quorum is met: an optional
 * witness that is slow or down delays nothing. A witness at another size is asked again from there, once.
 */
export async function gatherCosignatures(cosigning: Cosigning): Promise<CosigningResult> {
  const verdict = weighCheckpoint(cosigning.checkpoint, cosigning.policy);
  const outcomes = new Map<string, WitnessOutcome>();
  const current = () =>
    summarise(
      cosigning,
      outcomes,
      verdict.cosigners.map(({ name }) => name),
    );
  const asked = cosigning.policy.witnesses.filter(({ url }) => url !== undefined);
  return new Promise((resolve) => {
    const answers = asked.map(async (witness) => {
      outcomes.set(witness.name, await askWitness(cosigning, witness, verdict.checkpoint.size));
      const result = current();
      if (result.quorum_met) resolve({ ...result, complete });
    });
    const complete = Promise.all(answers).then(current);
    if (verdict.quorum_met) resolve({ ...current(), complete });
    else complete.then((result) => resolve({ ...result, complete }));
  });
}

async function askWitness(cosigning: Cosigning, witness: PolicyWitness, size: bigint): Promise<WitnessOutcome> {
  try {
    const first = await ask(cosigning, witness, cosigning.known_sizes.get(witness.name) ?? 0n);
    if (first.outcome !== 'conflict') return first;
    if (first.size > size) return { outcome: 'ahead', size: first.size };
    const second = await ask(cosigning, witness, first.size);
    if (second.outcome !== 'conflict') return second;
    return second.size > size ? { outcome: 'ahead', size: second.size } : { outcome: 'refused', status: 409 };
  } catch (error) {
    return { outcome: 'failed', error };
  }
}

async function ask(cosigning: Cosigning, { url, key }: PolicyWitness, old_size: bigint) {
  const { checkpoint, prove, timeout_ms, fetch } = cosigning;
  const keys: VerifierKey[] = [key];
  const request = { old_size, proof: await prove(old_size), checkpoint };
  return requestCosignatures({ url: url!, keys, request, timeout_ms, ...(fetch === undefined ? {} : { fetch }) });
}

function summarise(
  { checkpoint, policy }: Cosigning,
  outcomes: ReadonlyMap<string, WitnessOutcome>,
  had: readonly string[],
): Omit<CosigningResult, 'complete'> {
  const gathered = [...outcomes].flatMap(([name, given]) => (given.outcome === 'cosigned' ? [{ name, given }] : []));
  const cosigned = new Set([...had, ...gathered.map(({ name }) => name)]);
  const { note } = weighCheckpoint(checkpoint, policy);
  const signed = addSignatures(
    note,
    gathered.flatMap(({ given }) => given.cosignatures),
  );
  return { checkpoint: encodeNote(signed), quorum_met: isQuorum(policy.quorum, cosigned), outcomes: new Map(outcomes) };
}
