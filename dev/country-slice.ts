import { hash } from 'node:crypto';
import { type Country, generateCountry, stableId } from '@zdravo/country-ua';
import { type BulkSlot, bulkTakeSlots } from '@zdravo/il';
import { createLogger } from '@zdravo/kit/log';
import { bulkLoadPersons } from '@zdravo/mpi';
import { type BulkDeclaration, bulkLoadDeclarations } from '@zdravo/ops';
import { contentOf, declarationOf, type Patient, slotOf } from './country.ts';
import type { Databases } from './databases.ts';
import { keyProvider } from './key-files.ts';
import { mpiLoadOptions } from './patient-index.ts';
import { readSettings } from './settings.ts';

// A process that loads slices of a generated country: persons, declarations with waiting leaves, slots. The command
// (`load-country.ts`) hands them out, one at a time.

export type SliceOrder = {
  urls: Databases['urls'];
  seed: string;
  persons: number;
  as_of: string;
  from: number;
  to: number;
  signed_at: string;
  /** The log's head that the declarations name. */
  log_head: string;
  /** The party behind each employee. */
  parties: Record<string, string>;
};
export type SliceNews = { persons: number } | { declarations: number } | { done: true } | { failed: string };

process.on('message', (order: SliceOrder) => {
  loadSlice(order).then(
    () => tell({ done: true }),
    (error: Error) => tell({ failed: `${error.message}\n${error.stack}` }),
  );
});

function tell(news: SliceNews): void {
  process.send!(news);
}

const settings = readSettings();
const log = createLogger({ name: 'country', level: settings.ZDRAVO_LOG });

async function loadSlice(order: SliceOrder): Promise<void> {
  const country = generateCountry({ seed: order.seed, persons: order.persons, as_of: order.as_of });
  await bulkLoadPersons(
    { ...(await mpiLoadOptions(settings, order.urls, log)), onProgress: (persons) => tell({ persons }) },
    bulkPersons(country, order),
  );
  await bulkLoadDeclarations(
    {
      database_url: order.urls.ops,
      keys_database_url: order.urls.ops_keys,
      key_provider: await keyProvider(settings, 'ops'),
      log,
      stored_at: order.signed_at,
      onProgress: (declarations) => tell({ declarations }),
    },
    bulkDeclarations(country, order),
  );
  const key_provider = await keyProvider(settings, 'il');
  await bulkTakeSlots({ database_url: order.urls.platform, key_provider, log }, slots(country, order));
}

function* patients(country: Country, { from, to, seed }: SliceOrder): Generator<Patient> {
  for (const one of country.persons(from, to)) yield { ...one, pseudonym: stableId(`${seed} pseudonym ${one.id}`) };
}

function* bulkPersons(country: Country, order: SliceOrder) {
  for (const { id, pseudonym, person, declaration } of patients(country, order)) {
    const source = { type: 'declaration_request', id: declaration.declaration_request_id };
    yield { id, pseudonym, person: { ...person, patient_signed: true }, source };
  }
}

/** No container is stored: the hash is that of what the doctor would have signed. */
function* bulkDeclarations(country: Country, order: SliceOrder): Generator<BulkDeclaration> {
  for (const patient of patients(country, order)) {
    const declaration = declarationOf(patient, order.signed_at, order.log_head);
    const signed_content_sha256 = hash('sha256', JSON.stringify(contentOf(patient, declaration)));
    yield { ...declaration, id: patient.declaration.id, evidence: { signed_content_sha256, documents: [] } };
  }
}

function* slots(country: Country, order: SliceOrder): Generator<BulkSlot> {
  for (const one of country.persons(order.from, order.to))
    yield slotOf(one, order.parties[one.declaration.employee_id]!);
}
