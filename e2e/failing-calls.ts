/** A call that is to fail: before it happened, or after it happened and before its answer came. */
export type Failure<Step extends string> = { step: Step; moment: 'before' | 'after' };

/**
 * Wraps calls to neighbours so that the one that is due fails.
 * @param due asked at each call; nothing fails when undefined.
 * @param onCut told of each failure.
 */
export function failingCalls<Step extends string>(due: () => Failure<Step> | undefined, onCut = () => {}) {
  return <Arguments extends unknown[], Result>(step: Step, work: (...given: Arguments) => Promise<Result>) =>
    async (...given: Arguments): Promise<Result> => {
      const failure = due();
      const moment = failure?.step === step ? failure.moment : undefined;
      if (moment !== undefined) onCut();
      if (moment === 'before') throw new Error('the line was cut before the call');
      const result = await work(...given);
      if (moment === 'after') throw new Error('the line was cut before the answer');
      return result;
    };
}
