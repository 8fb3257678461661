export { type DeclarationExplanation, explainDeclaration } from './explain.ts';
export { type Run, resumeRuns, runCapitation } from './run.ts';
