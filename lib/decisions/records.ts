import { type CompiledModel, compileModel } from './compile-model.ts';
import { DecisionError } from './errors.ts';
import { type Explanation, explain } from './explain.ts';
import type { Verdict } from './hit-policies.ts';
import type { Row } from './model.ts';
import type { Revision } from './revisions.ts';
import { sameOutput } from './test-cases.ts';

/** What is kept of a decision, so that it can be played again. `inputs` must be the facts as they were given. */
export interface DecisionRecord {
  decision: string;
  revision: number;
  digest: string;
  /** ISO instant, UTC. */
  decided_at: string;
  inputs: Row;
  verdict: Verdict;
}

/** What playing a record again shows. */
export interface Replay {
  /** The same rules gave the same output. */
  same: boolean;
  explanation: Explanation;
}

/** A revision with its compiled model; compiling is for once per revision, not per decision. */
export interface RevisionAtWork {
  revision: Revision;
  compiled: CompiledModel;
}

export function compileRevision(revision: Revision): RevisionAtWork {
  return { revision, compiled: compileModel(revision.model) };
}

/** Decides strictly and returns the record to keep. Errors as `decideStrictly`. */
export function decideAndRecord(
  { revision, compiled }: RevisionAtWork,
  request: Pick<DecisionRecord, 'decision' | 'inputs' | 'decided_at'>,
): DecisionRecord {
  const verdict = compiled.decideStrictly(request.decision, request.inputs);
  return { ...request, revision: revision.number, digest: revision.digest, verdict };
}

/**
 * Decides a record again by the revision that decided it, with an explanation of every rule.
 * Errors: REVISION_STATE when that revision is missing or its content changed since.
 */
export function replay(record: DecisionRecord, revisions: readonly Revision[]): Replay {
  const revision = revisions.find((item) => item.number === record.revision);
  if (revision?.digest !== record.digest) {
    const what = revision ? 'has other content than then' : 'is missing';
    throw new DecisionError('REVISION_STATE', `revision ${record.revision} of the decision ${what}`, {
      table: record.decision,
    });
  }
  const explanation = explain(compileModel(revision.model), record.decision, record.inputs);
  const { verdict } = explanation;
  const same =
    verdict !== null &&
    verdict.outcome === record.verdict.outcome &&
    verdict.rules.join() === record.verdict.rules.join() &&
    sameOutput(revision.model, record.decision, verdict.output, record.verdict.output);
  return { same, explanation };
}
