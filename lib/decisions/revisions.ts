import { DecisionError } from './errors.ts';
import type { DecisionModel } from './model.ts';
import { modelDigest } from './model-digest.ts';
import type { TestReport } from './test-cases.ts';
import { errorsOf, validateModel } from './validate.ts';
import { dayNumber } from './values.ts';

/** Who did something and when (ISO instant, UTC). */
export interface Act {
  by: string;
  at: string;
}

/** One version of a model on its way into force. A published revision never changes. */
export interface Revision {
  number: number;
  state: 'draft' | 'tested' | 'published';
  model: DecisionModel;
  /** SHA-256 of the exported DMN: tests and publication hold for exactly this content. */
  digest: string;
  drafted: Act;
  tested?: Act & { digest: string; cases: number };
  published?: Act & { effective_from: string; reason?: string };
  /** The revision whose content this one brings back. */
  restores?: number;
}

/** A new draft, numbered after all others. */
export function draftRevision(revisions: readonly Revision[], model: DecisionModel, drafted: Act): Revision {
  const number = Math.max(0, ...revisions.map((revision) => revision.number)) + 1;
  return { number, state: 'draft', model, digest: modelDigest(model), drafted };
}

/** New content for a revision not yet published; its tests no longer count, its author is who edited last. */
export function editRevision(revision: Revision, model: DecisionModel, drafted: Act): Revision {
  if (revision.state === 'published') throw stateError(revision, 'a draft');
  const { number, restores } = revision;
  return { number, state: 'draft', model, digest: modelDigest(model), drafted, ...(restores ? { restores } : {}) };
}

/** Marks a draft as tested. Errors: NOT_TESTED when a case failed, there was none, or the model has findings. */
export function recordTests(revision: Revision, report: TestReport, tested: Act): Revision {
  if (revision.state === 'published') throw stateError(revision, 'a draft');
  const finding = errorsOf(validateModel(revision.model))[0];
  if (finding) throw new DecisionError('NOT_TESTED', `${finding.code}: ${finding.message}`, finding.place);
  if (report.digest !== revision.digest) throw new DecisionError('NOT_TESTED', 'the tests ran against other content');
  if (report.passed === 0 || report.failed > 0) {
    throw new DecisionError('NOT_TESTED', `${report.failed} of ${report.passed + report.failed} test cases failed`);
  }
  return { ...revision, state: 'tested', tested: { ...tested, digest: revision.digest, cases: report.passed } };
}

export interface Publication extends Act {
  /** The first civil day on which the revision decides. */
  effective_from: string;
  /** The civil day of publishing, in the country's time zone. */
  today: string;
  /** Needed to publish for days already past, e.g. when old rates are entered for the first time. */
  reason?: string;
}

/** Puts a tested revision into force from a day on. Errors: NOT_TESTED, FOUR_EYES, EFFECTIVE_DATE, REVISION_STATE. */
export function publishRevision(revision: Revision, publication: Publication): Revision {
  const { by, at, effective_from, today, reason } = publication;
  if (revision.state === 'published') throw stateError(revision, 'tested');
  if (revision.tested?.digest !== modelDigest(revision.model)) {
    throw new DecisionError('NOT_TESTED', `revision ${revision.number} has no passed tests of this content`);
  }
  if (by === revision.drafted.by) {
    throw new DecisionError(
      'FOUR_EYES',
      `revision ${revision.number} must be published by someone else than its author`,
    );
  }
  checkEffectiveDate(effective_from, today, reason);
  return { ...revision, state: 'published', published: { by, at, effective_from, ...(reason ? { reason } : {}) } };
}

/** A draft with the content of an earlier revision: a rollback is tested and published like any change. */
export function restoreRevision(revisions: readonly Revision[], number: number, drafted: Act): Revision {
  const old = revisions.find((revision) => revision.number === number);
  if (old?.state !== 'published') throw new DecisionError('REVISION_STATE', `revision ${number} was never in force`);
  return { ...draftRevision(revisions, old.model, drafted), restores: number };
}

/** The published revision with the latest effective day not after `date` (ISO date); of one day, the later number. */
export function revisionInForce(revisions: readonly Revision[], date: string): Revision {
  const day = checkedDay(date);
  const candidates = revisions.filter(
    (revision) => revision.published && dayNumber(revision.published.effective_from) <= day,
  );
  const [latest] = candidates.sort(
    (a, b) => dayNumber(b.published!.effective_from) - dayNumber(a.published!.effective_from) || b.number - a.number,
  );
  if (latest) return latest;
  throw new DecisionError('NO_REVISION_IN_FORCE', `no published revision is in force on ${date}`);
}

function checkEffectiveDate(effective_from: string, today: string, reason: string | undefined): void {
  if (checkedDay(effective_from) >= checkedDay(today) || reason?.trim()) return;
  throw new DecisionError('EFFECTIVE_DATE', `${effective_from} is past on ${today}; a reason must be given`);
}

function checkedDay(date: string): number {
  const day = dayNumber(date);
  if (!Number.isNaN(day)) return day;
  throw new DecisionError('EFFECTIVE_DATE', `expected a date like 2026-01-31, found ${JSON.stringify(date)}`);
}

function stateError(revision: Revision, expected: string): DecisionError {
  return new DecisionError('REVISION_STATE', `revision ${revision.number} is ${revision.state}, expected ${expected}`);
}
