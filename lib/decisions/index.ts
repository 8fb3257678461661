export { type CompiledModel, compileModel } from './compile-model.ts';
export { exportDmn } from './dmn-export.ts';
export { importDmn } from './dmn-import.ts';
export { type DecisionCode, DecisionError, type Place } from './errors.ts';
export { type BatchVerdicts, type Columns, evaluateColumns } from './evaluate-columns.ts';
export { type Explanation, explain, explanationText } from './explain.ts';
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
export { errorsOf, type Finding, validateModel } from './validate.ts';
