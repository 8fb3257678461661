export type { CompiledModel } from './compile-model.ts';
export { compileModel, requiredFacts } from './compile-model.ts';
export type { CompiledTable } from './compile-table.ts';
export type { Region } from './coverage.ts';
export type { Decimal, Rounding } from './decimal.ts';
export {
  addDecimals,
  compareDecimals,
  decimal,
  divideDecimals,
  formatDecimal,
  minorUnits,
  multiplyDecimals,
  negateDecimal,
  roundDecimal,
} from './decimal.ts';
export { exportDmn } from './dmn-export.ts';
export type { ImportedModel } from './dmn-import.ts';
export { importDmn } from './dmn-import.ts';
export type { DecisionCode, Place } from './errors.ts';
export { DECISION_CODES, DecisionError } from './errors.ts';
export type { BatchVerdicts, Columns } from './evaluate-columns.ts';
export { evaluateColumns } from './evaluate-columns.ts';
export type { Challenger, Experiment } from './experiments.ts';
export { assignVariant } from './experiments.ts';
export type { Explanation, RuleExplanation } from './explain.ts';
export { explain, explanationText, tablesBehind } from './explain.ts';
export type { HitCounters } from './hit-counters.ts';
export { countHits, createHitCounters, mergeHitCounters } from './hit-counters.ts';
export type { Verdict } from './hit-policies.ts';
export type {
  Aggregation,
  DecisionModel,
  DecisionTable,
  HitPolicy,
  InputData,
  Output,
  OutputValue,
  Row,
  Rule,
  TableInput,
  TableOutput,
  ValueType,
} from './model.ts';
export { modelDigest } from './model-digest.ts';
export type { Places } from './places.ts';
export { located, withLocation } from './places.ts';
export type { DecisionRecord, Replay, RevisionAtWork } from './records.ts';
export { compileRevision, decideAndRecord, replay } from './records.ts';
export type { Act, Publication, Revision } from './revisions.ts';
export {
  draftRevision,
  editRevision,
  publishRevision,
  recordTests,
  restoreRevision,
  revisionInForce,
} from './revisions.ts';
export type { TestCase, TestReport, TestResult } from './test-cases.ts';
export { runTestCases, sameOutput } from './test-cases.ts';
export type { Finding } from './validate.ts';
export { errorsOf, validateModel } from './validate.ts';
