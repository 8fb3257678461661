import { randomUUID } from 'node:crypto';
import { type BulkPerson, bulkLoadPersons } from '@zdravo/mpi';
import { type Loaded, type LoadOrder, recordsOf } from './population.ts';
import { openRegistry } from './registry.ts';

// Seals and loads a part of a population in a process of its own, and prints who was entered more than once.
const { connections, persons, part } = JSON.parse(process.argv[2]!) as LoadOrder;
const truth: Loaded['truth'] = [];
const options = { ...(await openRegistry(connections)), batch_size: 2000 };
const { persons: count } = await bulkLoadPersons(options, loadedPersons());
process.stdout.write(JSON.stringify({ count, truth } satisfies Loaded), () => process.exit(0));

function* loadedPersons(): Generator<BulkPerson> {
  let last: [string, string] | undefined;
  for (const { record_id, truth_id, changes, person } of recordsOf(persons, part)) {
    // Only those who were entered again are remembered: a million ids would be most of the bench's memory.
    if (last && last[1] === truth_id && truth.at(-1) !== last) truth.push(last);
    last = [record_id, truth_id];
    if (changes.length > 0) truth.push(last);
    const source = { type: 'declaration_request', id: randomUUID() };
    yield { id: record_id, person: person as unknown as BulkPerson['person'], source };
  }
}
