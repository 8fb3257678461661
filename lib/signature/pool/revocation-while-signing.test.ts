import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerOcspRequest, issueCrl } from '../development/revocation-authority.ts';
import {
  createCertificateAuthority,
  createRevocationSource,
  createTrustStore,
  createVerifierPool,
  issueCertificate,
  one_signature,
  type SignaturePolicy,
  sign,
  type VerifierPoolOptions,
} from '../index.ts';
import { readCertificate } from '../x509/certificate.ts';

const ocsp_address = 'http://ocsp.example/';
const crl_address = 'http://lists.example/crl';
const root = createCertificateAuthority({ name: 'Root', crl_address });
const authority = createCertificateAuthority({ name: 'Authority', parent: root, ocsp_address, crl_address });
const doctor = issueCertificate(authority, { common_name: 'Doctor' });
const responder = issueCertificate(authority, { common_name: 'OCSP', usage: 'ocsp' });
const trust = createTrustStore({ anchors: [root.certificate] });
const container = sign(new TextEncoder().encode('{}'), doctor);
const required: SignaturePolicy = { ...one_signature, revocation: 'required' };
const minute_ago = new Date(Date.now() - 60_000);
const serialOf = (certificate: Uint8Array) => readCertificate(certificate).serial;

/** The network: OCSP of the authority, lists of the root. Answers what it was told, and counts. */
function network(plan: { revoked?: Map<string, Date>; ocsp?: 'down' | 'hangs'; lists?: 'down' | 'broken' } = {}) {
  const asked: string[] = [];
  const { revoked = new Map() } = plan;
  const respond = async (url: URL | string | Request, init?: RequestInit): Promise<Response> => {
    const address = String(url);
    asked.push(address);
    if (address === ocsp_address) {
      if (plan.ocsp === 'hangs') await new Promise<never>(() => {});
      if (plan.ocsp === 'down') throw new Error('refused');
      const body = new Uint8Array(init?.body as Uint8Array<ArrayBuffer>);
      const times = { this_update: new Date() };
      const statusOf = (serial: string) => revoked.get(serial) ?? 'good';
      return new Response(Buffer.from(answerOcspRequest(body, { responder, statusOf, times })));
    }
    if (plan.lists === 'down') return new Response('', { status: 503 });
    if (plan.lists === 'broken') return new Response(new Uint8Array([0x30, 0x00]));
    return new Response(Buffer.from(issueCrl(root, revoked, { this_update: new Date() })));
  };
  return { asked, fetch: respond as typeof fetch };
}

async function outcome(
  policy: SignaturePolicy,
  revocation: VerifierPoolOptions['revocation'],
  options: { offline?: boolean; wait_ms?: number } = {},
) {
  const { offline = false, wait_ms = 60_000 } = options;
  const source = revocation ? { revocation } : {};
  const pool = createVerifierPool({ trust, workers: 1, revocation_wait_ms: wait_ms, ...source });
  try {
    const result = await pool.verify(container, policy, { at: new Date(), offline });
    assert.equal(
      result.indication === 'TOTAL_PASSED',
      result.signatures.every(({ is_valid }) => is_valid),
    );
    return result.sub_indication ?? result.indication;
  } finally {
    await pool.close();
  }
}

test('a status that nobody told is asked under both rules; what is told is obeyed', async () => {
  for (const policy of [one_signature, required]) {
    assert.equal(await outcome(policy, createRevocationSource(network())), 'TOTAL_PASSED');
    const revoked = new Map([[serialOf(doctor.certificate), minute_ago]]);
    assert.equal(await outcome(policy, createRevocationSource(network({ revoked }))), 'REVOKED_NO_POE');
    const authority_revoked = new Map([[serialOf(authority.certificate), minute_ago]]);
    const source = createRevocationSource(network({ revoked: authority_revoked }));
    assert.equal(await outcome(policy, source), 'REVOKED_CA_NO_POE');
    const later = new Map([[serialOf(doctor.certificate), new Date(Date.now() + 3_600_000)]]);
    assert.equal(await outcome(policy, createRevocationSource(network({ revoked: later }))), 'TOTAL_PASSED');
  }
});

test('when nobody answers in time the rule decides, and the signature does not wait longer', async () => {
  for (const plan of [{ ocsp: 'hangs' }, { ocsp: 'down', lists: 'down' }, { lists: 'broken' }] as const) {
    const source = createRevocationSource(network(plan));
    assert.equal(await outcome(one_signature, source, { wait_ms: 50 }), 'TOTAL_PASSED');
    assert.equal(await outcome(required, source, { wait_ms: 50 }), 'TRY_LATER');
  }
});

test('a container that was judged before asks nobody', async () => {
  const { asked, fetch } = network();
  assert.equal(await outcome(one_signature, createRevocationSource({ fetch }), { offline: true }), 'TOTAL_PASSED');
  assert.deepEqual(asked, []);
});

const need = (certificate: Uint8Array, addresses: { ocsp?: string[]; crl?: string[] }) => ({
  certificate,
  issuer: authority.certificate,
  ocsp_addresses: addresses.ocsp ?? [],
  crl_addresses: addresses.crl ?? [],
});

test('a list is fetched once for all certificates; a dead responder is left alone for a while', async () => {
  let now = 0;
  const { asked, fetch } = network({ ocsp: 'down' });
  const source = createRevocationSource({ fetch, clock: () => now, rest_ms: 100, keep_ms: 1_000 });
  const colleague = issueCertificate(authority, { common_name: 'Colleague' });
  const both = { ocsp: [ocsp_address], crl: [crl_address] };
  assert.equal((await source(need(doctor.certificate, both)))?.crls?.length, 1);
  assert.equal((await source(need(colleague.certificate, both)))?.crls?.length, 1);
  assert.deepEqual(asked, [ocsp_address, crl_address]);
  now = 1_001;
  await source(need(doctor.certificate, both));
  assert.deepEqual(asked.slice(2), [ocsp_address, crl_address]);
});

test('an answer is kept, but never beyond its next update', async () => {
  let now = Date.now();
  let asked = 0;
  const ask = (async (_url: URL, init: RequestInit) => {
    asked++;
    const times = { this_update: new Date(now), next_update: new Date(now + 10_000) };
    const body = new Uint8Array(init.body as Uint8Array<ArrayBuffer>);
    return new Response(Buffer.from(answerOcspRequest(body, { responder, statusOf: () => 'good', times })));
  }) as typeof fetch;
  const source = createRevocationSource({ fetch: ask, clock: () => now, keep_ms: 60_000 });
  const one = need(doctor.certificate, { ocsp: [ocsp_address] });
  await source(one);
  now += 9_000;
  await source(one);
  assert.equal(asked, 1);
  now += 2_000;
  await source(one);
  assert.equal(asked, 2);
});

test('addresses that the configuration knows for an authority come first', async () => {
  const { asked, fetch } = network();
  const source = createRevocationSource({
    fetch,
    knownAddresses: (issuer) =>
      Buffer.from(issuer).equals(authority.certificate)
        ? { ocsp_addresses: [ocsp_address], crl_addresses: [] }
        : undefined,
  });
  await source(need(doctor.certificate, { ocsp: ['http://elsewhere.example/'] }));
  assert.deepEqual(asked, [ocsp_address]);
});
