import { randomUUID } from 'node:crypto';
import type { RunningPlatform } from '@zdravo/dev/platform';
import type { Person } from '@zdravo/mpi/contract';

const at_once = 64;

/**
 * Registers people through the contract of the patient index. Beside a million persons this is what brings a server from the
 * moment after a checkpoint, when each first change of a page writes the whole page to the log, to how it is most of the time.
 */
export async function register({ mpi }: RunningPlatform, persons: Iterable<Person>): Promise<void> {
  const people = persons[Symbol.iterator]();
  const registerOnes = async () => {
    for (let next = people.next(); !next.done; next = people.next()) {
      const body = { person: next.value, source: { type: 'declaration_request', id: randomUUID() } };
      await mpi.putPerson({ params: { id: randomUUID() }, body }, { request_id: 'benchmark' });
    }
  };
  await Promise.all(Array.from({ length: at_once }, registerOnes));
}
