import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateCountry } from '@zdravo/country-ua';
import { createApi } from '@zdravo/dev/demo/api';
import { type Clinic, foundClinic, type Stage, signed, signInVendor } from '@zdravo/dev/demo/clinics';
import { approveRequest, contentToSign, createRequest, provePhone } from '@zdravo/dev/demo/declarations';
import { type RunningPlatform, startPlatform } from '@zdravo/dev/platform';
import { readSettings } from '@zdravo/dev/settings';
import { settableClock } from '@zdravo/kit/clock';
import { freePort } from '@zdravo/kit/testing';

export type LoadedPlatform = Stage & {
  platform: RunningPlatform;
  clinic: Clinic;
  close(): Promise<void>;
};

const clock = settableClock(new Date().toISOString(), 'Europe/Kyiv');

/** The whole platform in this process, durable as in production, with one clinic. */
export async function startLoadedPlatform(): Promise<LoadedPlatform> {
  const directory = await mkdtemp(join(tmpdir(), 'zdravo-bench-'));
  const settings = readSettings({ ZDRAVO_PORT: String(await freePort()), ZDRAVO_DATA: directory, ZDRAVO_LOG: 'error' });
  const platform = await startPlatform(settings, {
    clock,
    with_country: false,
    server_settings: ['shared_buffers=512MB', 'max_connections=300', 'max_wal_size=4GB'],
  });
  const stage = {
    api: createApi(platform.address, platform.sign_ins),
    outbox: async () => platform.outbox.list(),
    authority: platform.authority,
    sign_ins: platform.sign_ins,
  };
  const clinic = await foundClinic(stage, await signInVendor(stage), country.clinic(0), 'FAMILY_DOCTOR');
  const close = async () => {
    await platform.stop();
    await rm(directory, { recursive: true, force: true });
  };
  return { ...stage, platform, clinic, close };
}

const country = generateCountry({ seed: 'bench', persons: 200_000 });

export type Prepared = { id: string; body: { signed_declaration_request: string; signed_content_encoding: 'base64' } };

/** Approved requests with their signed containers, so that the measured calls are the signatures alone. */
export async function prepareSignatures(loaded: LoadedPlatform, count: number): Promise<Prepared[]> {
  const prepared: Prepared[] = [];
  for (const { person } of country.persons()) {
    if (prepared.length === count) break;
    if (person.birth_date > '2000-01-01' || person.authentication_methods[0]?.type !== 'OTP') continue;
    // Nobody sends more codes than an hour allows.
    if (prepared.length % 110 === 109) clock.advance(3_660_000);
    await provePhone(loaded, loaded.clinic, person.authentication_methods[0].phone_number);
    const created = await createRequest(loaded, loaded.clinic, person);
    const approved = await approveRequest(loaded, loaded.clinic, created);
    if (approved.status !== 200) continue;
    const { id } = created.body.data;
    const content = await contentToSign(loaded, loaded.clinic, id);
    const signed_declaration_request = signed(content, loaded.clinic.doctor.signer);
    prepared.push({ id, body: { signed_declaration_request, signed_content_encoding: 'base64' } });
  }
  return prepared;
}

export type Load = { rate: number; p50_ms: number; p99_ms: number; errors: number };

/** Works the items off with so many at once. */
export async function measure<Item>(
  items: Item[],
  at_once: number,
  work: (item: Item) => Promise<boolean>,
): Promise<Load> {
  const times: number[] = [];
  let errors = 0;
  const queue = [...items];
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: at_once }, async () => {
      for (let item = queue.pop(); item !== undefined; item = queue.pop()) {
        const from = performance.now();
        if (!(await work(item))) errors++;
        times.push(performance.now() - from);
      }
    }),
  );
  const seconds = (performance.now() - begun) / 1000;
  times.sort((one, other) => one - other);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return { rate: items.length / seconds, p50_ms: at(0.5), p99_ms: at(0.99), errors };
}
