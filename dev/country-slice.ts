import { hash } from 'node:crypto';
import { type Country, generateCountry, stableId } from '@zdravo/country-ua';
import { type BulkRequest, type BulkSlot, bulkKeepRequests, bulkTakeSlots } from '@zdravo/il';
import { createLogger } from '@zdravo/kit/log';
import { bulkLoadPersons } from '@zdravo/mpi';
import { type BulkDeclaration, bulkLoadDeclarations } from '@zdravo/ops';
import { contentOf, declarationOf, doctorsOf, type Patient, requestOf, slotOf, storeContainer } from './country.ts';
import type { Databases } from './databases.ts';
import { keyProvider } from './key-files.ts';
import { openMedia } from './media.ts';
import { mpiLoadOptions } from './patient-index.ts';
import { readSettings } from './settings.ts';
import { openAuthority } from './signatures.ts';

// A process that loads slices of a generated country: containers if wanted, persons, declarations with waiting leaves, slots and
// requests. The command (`load-country.ts`) hands them out, one at a time.

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
  /** Whether each declaration is really signed and its container stored. */
  with_containers: boolean;
};
export type SliceCounts = { containers: number; persons: number; declarations: number };
export type SliceNews = Partial<SliceCounts> | { done: true } | { failed: string };

process.on('message', (order: SliceOrder) => {
  loadSlice(order).then(
    () => tell({ done: true }),
    (error: Error) => tell({ failed: `${error.message}\n${error.stack}` }),
  );
});

function tell(news: SliceNews): void {
  process.send!(news);
}

/** As many as a group of writes takes well: each waits for the disk with the others. */
const at_once = 512;

const settings = readSettings();
const log = createLogger({ name: 'country', level: settings.ZDRAVO_LOG });

async function loadSlice(order: SliceOrder): Promise<void> {
  const country = generateCountry({ seed: order.seed, persons: order.persons, as_of: order.as_of });
  const containers = order.with_containers ? await storeContainers(country, order) : undefined;
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
    bulkDeclarations(country, order, containers),
  );
  const il = { database_url: order.urls.platform, key_provider: await keyProvider(settings, 'il'), log };
  await bulkTakeSlots(il, slots(country, order));
  await bulkKeepRequests(il, requests(country, order, containers));
}

/** @returns the hashes of the containers, in the order of the patients. */
async function storeContainers(country: Country, order: SliceOrder): Promise<string[]> {
  const mcs = await openMedia(settings, {
    urls: order.urls,
    key_provider: await keyProvider(settings, 'mcs'),
    log,
  });
  const { persons_per_clinic } = country;
  const clinics = [Math.floor(order.from / persons_per_clinic), Math.ceil(order.to / persons_per_clinic)] as const;
  const doctors = await doctorsOf({ authority: await openAuthority(settings) }, { country, clinics });
  const hashes: string[] = [];
  try {
    for (const group of groupsOf(patients(country, order), at_once)) {
      hashes.push(
        ...(await Promise.all(
          group.map((patient) => {
            const declaration = declarationOf(patient, order.signed_at, order.log_head);
            return storeContainer(mcs, { patient, content: contentOf(patient, declaration) }, declaration, doctors);
          }),
        )),
      );
      tell({ containers: hashes.length });
    }
  } finally {
    await mcs.close();
  }
  return hashes;
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

/** Where no container is stored, its hash is that of what the doctor would have signed. */
function* signedDeclarations(country: Country, order: SliceOrder, containers: readonly string[] | undefined) {
  let at = 0;
  for (const patient of patients(country, order)) {
    const body = declarationOf(patient, order.signed_at, order.log_head);
    const content = contentOf(patient, body);
    const container_sha256 = containers ? containers[at++]! : hash('sha256', JSON.stringify(content));
    yield { patient, signed: { body, content, container_sha256 } };
  }
}

function* bulkDeclarations(...from: Parameters<typeof signedDeclarations>): Generator<BulkDeclaration> {
  for (const { patient, signed } of signedDeclarations(...from)) {
    const evidence = { signed_content_sha256: signed.container_sha256, documents: [] };
    yield { ...signed.body, id: patient.declaration.id, evidence };
  }
}

function* requests(...from: Parameters<typeof signedDeclarations>): Generator<BulkRequest> {
  const [, { parties }] = from;
  for (const { patient, signed } of signedDeclarations(...from))
    yield requestOf(signed, slotOf(patient, parties[patient.declaration.employee_id]!));
}

function* slots(country: Country, order: SliceOrder): Generator<BulkSlot> {
  for (const one of country.persons(order.from, order.to))
    yield slotOf(one, order.parties[one.declaration.employee_id]!);
}

function* groupsOf<Item>(items: Iterable<Item>, size: number): Generator<Item[]> {
  let group: Item[] = [];
  for (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
