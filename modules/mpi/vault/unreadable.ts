import { KeyError } from '@zdravo/kit/keys';
import { unavailable } from '@zdravo/kit/problem';
import type { MpiDeps } from '../deps.ts';
import { erased } from '../persons/heads.ts';

const retry_after_s = 60;

/**
 * Turns failures of keys and ciphertexts into an answer for the caller and a hint for the operator: nothing was
 * written, and trying again helps once the operator has acted.
 */
export async function readable<Result>(deps: Pick<MpiDeps, 'log'>, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof KeyError) {
      deps.log.error({ err: error }, `persons cannot be read: ${error.hint}`);
      throw unavailable('This person cannot be read at present.', retry_after_s, `person_${error.code}`, error);
    }
    // kit/keys keeps the class of this error to itself.
    if ((error as Error).name === 'ErasedOwnerError') throw erased();
    throw error;
  }
}
