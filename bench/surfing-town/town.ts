import { generateCountry } from '@zdravo/country-ua';
import { type Client, createClient, inProcessTransport } from '@zdravo/kit/client';
import { type SettableClock, settableClock } from '@zdravo/kit/clock';
import { bulkLoadPersons, createMpi, type MpiOptions, type SearchSettings } from '@zdravo/mpi';
import { contract, type Person } from '@zdravo/mpi/contract';
import { newRegistry } from '../linkage/registry.ts';

export type Resident = { id: string; person: Person };
export type Town = { options: MpiOptions; residents: Resident[] };
/** A patient index over the town, with defences of its own, on a day that can be moved. */
export type Desk = { client: Client<typeof contract>; clock: SettableClock; close(): Promise<void> };

const first_day = '2026-03-02T08:00:00Z';

/** Generates a town, loads it encrypted, and draws the frequencies of decoys from it. */
export async function foundTown(server_url: string, directory: string, persons: number): Promise<Town> {
  const options = await newRegistry(server_url, directory);
  const country = generateCountry({ seed: 'surfing town', persons });
  const residents = [...country.persons(0, persons)].map(({ id, person }) => ({
    id,
    person: person as unknown as Person,
  }));
  const source = (id: string) => ({ type: 'declaration_request', id });
  await bulkLoadPersons(
    { ...options, batch_size: 2000 },
    residents.map(({ id, person }) => ({ id, person, source: source(id) })),
  );
  const mpi = await createMpi({ ...options, clock: settableClock(first_day, 'UTC') });
  await mpi.jobs.find(({ name }) => name === 'refresh_answer_distributions')!.run({}, { signal: undefined });
  await mpi.close();
  return { options, residents };
}

/** Opens the index of the town with these defences; without the floor, which only makes a bench wait. */
export async function openDesk({ options }: Town, settings: Partial<SearchSettings>): Promise<Desk> {
  const clock = settableClock(first_day, 'UTC');
  const mpi = await createMpi({ ...options, clock, search: { settings: { ...settings, floor_ms: 0 } } });
  await mpi.app.ready();
  const client = createClient(contract, inProcessTransport(mpi.app), { caller: 'bench', secret: 'bench' });
  return { client, clock, close: () => mpi.close() };
}
