import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateCountry } from '@zdravo/country-ua';
import { createApi } from '@zdravo/dev/demo/api';
import { type Clinic, foundClinic, type Stage, signed, signInStaff, signInVendor } from '@zdravo/dev/demo/clinics';
import { approveRequest, contentToSign, createRequest, provePhone } from '@zdravo/dev/demo/declarations';
import { collectSeldom, cutSmallBuffersFromSmallBlocks } from '@zdravo/dev/memory';
import { type RunningPlatform, startPlatform } from '@zdravo/dev/platform';
import { roomyServer } from '@zdravo/dev/roomy-server';
import { readSettings } from '@zdravo/dev/settings';
import { settableClock } from '@zdravo/kit/clock';
import { freePort } from '@zdravo/kit/testing';
import type { Person as IndexedPerson } from '@zdravo/mpi/contract';
import { register } from './registrations.ts';
import { warmCaches } from './warm-caches.ts';

export type LoadedPlatform = Stage & {
  platform: RunningPlatform;
  /** Each with one doctor. */
  clinics: readonly Clinic[];
  postmaster_pid: number;
  /** A folder for what is sent later. */
  prepared_path: string;
  close(): Promise<void>;
};

/** Ten invitations may be answered a minute from one address, two for each clinic; each doctor may have 1,800 patients. */
export const most_clinics = 5;

const clock = settableClock(new Date().toISOString(), 'Europe/Kyiv');

/**
 * The whole platform in this process, durable and with the memory of production, with some clinics. With `ZDRAVO_BENCH_DATA`
 * on a data folder that is kept, for example one that `npm run country` has filled; otherwise on an empty one.
 * @param further_settings lines of postgresql.conf.
 */
export async function startLoadedPlatform(
  clinic_count = 1,
  further_settings: readonly string[] = [],
): Promise<LoadedPlatform> {
  cutSmallBuffersFromSmallBlocks();
  collectSeldom();
  const kept = process.env['ZDRAVO_BENCH_DATA'];
  const directory = kept ?? (await mkdtemp(join(tmpdir(), 'zdravo-bench-')));
  const settings = readSettings({ ZDRAVO_PORT: String(await freePort()), ZDRAVO_DATA: directory, ZDRAVO_LOG: 'error' });
  const platform = await startPlatform(settings, {
    clock,
    with_country: false,
    server_settings: [...roomyServer(), ...further_settings],
  });
  if (kept !== undefined) await warmCaches(Object.values(platform.database_urls));
  const stage = {
    api: createApi(platform.address, platform.sign_ins),
    outbox: async () => platform.outbox.list(),
    authority: platform.authority,
    sign_ins: platform.sign_ins,
  };
  const vendor = await signInVendor(stage);
  const clinics: Clinic[] = [];
  for (let at = 0; at < clinic_count; at++)
    clinics.push(await foundClinic(stage, vendor, country.clinic(first_clinic + at), 'FAMILY_DOCTOR'));
  const prepared_path = await mkdtemp(join(tmpdir(), 'zdravo-prepared-'));
  const close = async () => {
    await platform.stop();
    await rm(prepared_path, { recursive: true });
    if (kept === undefined) await rm(directory, { recursive: true, force: true });
  };
  const pid_file = readFileSync(join(directory, 'postgres', 'postmaster.pid'), 'utf8');
  return { ...stage, platform, clinics, prepared_path, postmaster_pid: Number(pid_file.split('\n')[0]), close };
}

/** What a doctor's program sends with every call. */
export function headersOf({ sign_ins }: Stage, { doctor }: Clinic): Record<string, string> {
  return { authorization: `Bearer ${doctor.token}`, 'api-key': sign_ins.mis.client_secret };
}

/**
 * A data folder that is kept serves once for each round: what registered in an earlier one is there already. People and clinics are
 * beyond those that `npm run country` makes.
 */
const round = Number(process.env['ZDRAVO_BENCH_ROUND'] ?? 0);
const first_person = 20_000_000 + round * 100_000;
const first_clinic = 5_000 + round * 20;
/** Beyond those who sign in this round. */
const first_other = first_person + 60_000;
/** Of a million persons' index pages these change nearly all. */
const others = 30_000;
const country = generateCountry({ seed: 'bench', persons: 30_000_000 });

/** A kept platform as it is most of the time: minutes after a checkpoint, not seconds (docs/operations/databases.md). */
export async function leaveCheckpointBehind({ platform }: LoadedPlatform): Promise<void> {
  if (process.env['ZDRAVO_BENCH_DATA'] === undefined) return;
  const people = country
    .persons(first_other, first_other + others)
    .map(({ person }) => person as unknown as IndexedPerson);
  await register(platform, people);
}

export type Prepared = {
  id: string;
  clinic: Clinic;
  /** A file with the JSON text to sign with. */
  body_path: string;
};

const at_once = 24;
/** Nobody sends more codes than an hour allows. */
const codes_an_hour = 100;

/** Approved requests with their signed containers, so that the measured calls are the signatures alone. */
export async function prepareSignatures(loaded: LoadedPlatform, count: number): Promise<Prepared[]> {
  const prepared: Prepared[] = [];
  const people = adults();
  while (prepared.length < count) {
    const wanted = Math.min(codes_an_hour * loaded.clinics.length, count - prepared.length);
    const group = Array.from({ length: wanted }, (_, at) => ({
      person: people.next().value!,
      clinic: loaded.clinics[at % loaded.clinics.length]!,
    }));
    await Promise.all(
      Array.from({ length: at_once }, async () => {
        for (let next = group.pop(); next; next = group.pop()) {
          prepared.push(await prepareOne(loaded, next.clinic, next.person));
        }
      }),
    );
    clock.advance(3_660_000);
    await Promise.all(loaded.clinics.map((clinic) => renewToken(loaded, clinic)));
  }
  return prepared;
}

/** A doctor signs in again every hour: the day's work is longer than a token lives. */
async function renewToken(loaded: LoadedPlatform, clinic: Clinic): Promise<void> {
  clinic.doctor.token = await signInStaff(loaded, clinic, clinic.doctor.email, 'DOCTOR');
}

type Person = ReturnType<typeof country.person>['person'];

/** Grown-ups with a telephone of their own: two at once on one would mix up their codes. */
function* adults(): Generator<Person> {
  const phones = new Set<string>();
  for (const { person } of country.persons(first_person)) {
    const [method] = person.authentication_methods;
    if (person.birth_date >= '2000-01-01' || method?.type !== 'OTP' || phones.has(method.phone_number)) continue;
    phones.add(method.phone_number);
    yield person;
  }
}

async function prepareOne(loaded: LoadedPlatform, clinic: Clinic, person: Person): Promise<Prepared> {
  const [method] = person.authentication_methods;
  await provePhone(loaded, clinic, method?.type === 'OTP' ? method.phone_number : '');
  const created = await createRequest(loaded, clinic, person);
  if (created.status !== 200) throw new Error(`a request was answered ${created.status}`);
  const approved = await approveRequest(loaded, clinic, created);
  if (approved.status !== 200) throw new Error(`an approval was answered ${approved.status}`);
  const { id } = created.body.data;
  const content = await contentToSign(loaded, clinic, id);
  const signed_declaration_request = signed(content, clinic.doctor.signer);
  const body_path = join(loaded.prepared_path, `${id}.json`);
  await writeFile(body_path, JSON.stringify({ signed_declaration_request, signed_content_encoding: 'base64' }));
  return { id, clinic, body_path };
}
