import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { oids } from '../asn1/oids.ts';
import {
  answerTimeStampRequest,
  createCertificateAuthority,
  createRevocationCache,
  createTrustStore,
  createVerifierPool,
  fetchRevocation,
  fetchTimeStamp,
  issueCertificate,
  one_signature,
  type SignaturePolicy,
  sign,
  startCrlServer,
  startOcspResponder,
  startTimeStampAuthority,
  upgradeContainer,
  VerifierBusyError,
} from '../index.ts';
import { createTimeStampRequest, readTimeStampResponse } from '../time-stamps/exchange.ts';
import { addProofs } from '../upgrade/upgrade.ts';
import { readCertificate } from '../x509/certificate.ts';

const at = () => new Date();
const content = new TextEncoder().encode('{"declaration":1}');
const online = { isAllowed: () => true, timeout_ms: 1_000 };
const revoked = new Map<string, Date>();
const signer = { certificate: new Uint8Array(), private_key: '' };
const responder = await startOcspResponder({ responder: signer, statusOf: (serial) => revoked.get(serial) ?? 'good' });
const authority = createCertificateAuthority({ name: 'Authority', ocsp_address: responder.address });
Object.assign(signer, issueCertificate(authority, { common_name: 'OCSP', usage: 'ocsp' }));
const doctor = issueCertificate(authority, { common_name: 'Doctor' });
const trust = createTrustStore({ anchors: [authority.certificate] });
const container = sign(content, doctor);
const required = { ...one_signature, revocation: 'required' as const };
after(() => responder.close());

test('many containers at once, good and bad, each gets its own answer', async () => {
  const pool = createVerifierPool({ trust, workers: 2 });
  try {
    const bad = Uint8Array.from(container).fill(0, 60, 64);
    const results = await Promise.all(
      Array.from({ length: 60 }, (_, i) => pool.verify(i % 3 ? container : bad, one_signature, { at: at() })),
    );
    assert.ok(results.every((result, i) => (result.indication === 'TOTAL_PASSED') === i % 3 > 0));
    assert.deepEqual(pool.load(), { waiting: 0, working: 0 });
  } finally {
    await pool.close();
  }
});

test('a full queue refuses at once', async () => {
  const pool = createVerifierPool({ trust, workers: 1, queue_limit: 2 });
  try {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5 }, () => pool.verify(container, one_signature, { at: at() })),
    );
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'],
    );
    assert.ok(outcomes[4]?.status === 'rejected' && outcomes[4].reason instanceof VerifierBusyError);
  } finally {
    await pool.close();
  }
});

test('revocation is asked over HTTP; a slow responder holds up nobody else', async () => {
  let release = () => {};
  const slow = new Promise<void>((resolve) => {
    release = resolve;
  });
  const pool = createVerifierPool({
    trust,
    workers: 1,
    revocation_wait_ms: 60_000,
    revocation: async (need) => {
      if (Buffer.from(need.certificate).equals(doctor.certificate)) await slow;
      return fetchRevocation(need, online);
    },
  });
  try {
    const held = pool.verify(container, required, { at: at() });
    const colleague = sign(content, issueCertificate(authority, { common_name: 'Colleague' }));
    assert.equal((await pool.verify(colleague, required, { at: at() })).indication, 'TOTAL_PASSED');
    release();
    assert.equal((await held).indication, 'TOTAL_PASSED');
    revoked.set(readCertificate(doctor.certificate).serial, new Date(Date.now() - 60_000));
    assert.equal((await pool.verify(container, required, { at: at() })).sub_indication, 'REVOKED_NO_POE');
    revoked.clear();
  } finally {
    await pool.close();
  }
});

test('the unit of a time-stamp is asked about as well, and the best signature time follows what is told', async () => {
  const hoursAgo = (count: number) => new Date(Date.now() - count * 3_600_000);
  const expired = issueCertificate(authority, {
    common_name: 'Expired',
    not_before: hoursAgo(20),
    not_after: hoursAgo(2),
  });
  const unit = issueCertificate(authority, { common_name: 'TSA', usage: 'time_stamps' });
  const stamped = addProofs(sign(content, expired), {
    time_stamps: (signature) => {
      const request = createTimeStampRequest(signature, oids.sha256);
      return [readTimeStampResponse(answerTimeStampRequest(request.der, unit, hoursAgo(3)), request)];
    },
  });
  const pool = createVerifierPool({ trust, workers: 1, revocation: (need) => fetchRevocation(need, online) });
  const deaf = createVerifierPool({ trust, workers: 1, revocation: () => Promise.reject(new Error('down')) });
  const outcomeOf = async (by: typeof pool, policy: SignaturePolicy) => {
    const result = await by.verify(stamped, policy, { at: at() });
    return [result.sub_indication ?? result.indication, result.signatures[0]?.level];
  };
  try {
    for (const policy of [one_signature, required]) {
      assert.deepEqual(await outcomeOf(pool, policy), ['TOTAL_PASSED', 'B-T']);
      revoked.set(readCertificate(unit.certificate).serial, hoursAgo(1));
      assert.deepEqual(await outcomeOf(pool, policy), ['OUT_OF_BOUNDS_NO_POE', 'B-B']);
      revoked.clear();
    }
    assert.deepEqual(await outcomeOf(deaf, one_signature), ['TOTAL_PASSED', 'B-T']);
    assert.deepEqual(await outcomeOf(deaf, required), ['OUT_OF_BOUNDS_NO_POE', 'B-B']);
  } finally {
    await Promise.all([pool.close(), deaf.close()]);
  }
});

test('an unreachable responder leaves the status unknown', async () => {
  const pool = createVerifierPool({ trust, workers: 1, revocation: () => Promise.reject(new Error('down')) });
  try {
    assert.equal((await pool.verify(container, required, { at: at() })).sub_indication, 'TRY_LATER');
  } finally {
    await pool.close();
  }
});

test('a thread that hangs is replaced, and a closed pool refuses', async () => {
  const pool = createVerifierPool({ trust, workers: 1, timeout_ms: 1 });
  await assert.rejects(pool.verify(container, one_signature, { at: at() }), /longer than 1 ms/);
  // Those that it had at hand go to the next thread, in their order: each is told of its own time.
  const outcomes = await Promise.allSettled(
    Array.from({ length: 7 }, () => pool.verify(container, one_signature, { at: at() })),
  );
  for (const outcome of outcomes)
    assert.match(String(outcome.status === 'rejected' && outcome.reason), /longer than 1 ms/);
  assert.deepEqual(pool.load(), { waiting: 0, working: 0 });
  await pool.close();
  await assert.rejects(pool.verify(container, one_signature, { at: at() }), /closed/);
});

test('one question for many askers, remembered, failures for a shorter time', async () => {
  let asked = 0;
  let now = 0;
  const cache = createRevocationCache(
    async () => {
      asked++;
      return asked > 1 ? { crls: [] } : undefined;
    },
    { clock: () => now, keep_ms: 100, keep_failure_ms: 10 },
  );
  const need = {
    certificate: doctor.certificate,
    issuer: authority.certificate,
    ocsp_addresses: [],
    crl_addresses: [],
  };
  await Promise.all([cache(need), cache(need)]);
  assert.equal(asked, 1);
  now = 11;
  await cache(need);
  now = 60;
  await cache(need);
  assert.equal(asked, 2);
  now = 200;
  await cache(need);
  assert.equal(asked, 3);
});

test('our authority, responder and list over HTTP carry a container to B-LT', async () => {
  const crls = new Map<string, Date>();
  const own = { certificate: new Uint8Array(), private_key: '' };
  const stamps = await startTimeStampAuthority(own);
  const lists = createCertificateAuthority({ name: 'Lists', algorithm: 'dstu-257' });
  const server = await startCrlServer(lists, crls);
  try {
    const listed = issueCertificate(
      { ...lists, crl_address: server.address },
      { common_name: 'X', algorithm: 'dstu-257' },
    );
    Object.assign(own, issueCertificate(lists, { common_name: 'TSA', usage: 'time_stamps' }));
    const sources = {
      timeStamp: (signature: Uint8Array, digest: string) => fetchTimeStamp(stamps.address, signature, digest, online),
      revocation: (need: Parameters<typeof fetchRevocation>[0]) => fetchRevocation(need, online),
    };
    const store = createTrustStore({ anchors: [lists.certificate] });
    const upgraded = await upgradeContainer(sign(content, listed), one_signature, store, sources, {
      at: new Date(Date.now() - 2_000),
    });
    assert.equal(upgraded.result.signatures[0]?.level, 'B-LT', upgraded.result.validation_error_message);
  } finally {
    await Promise.all([stamps.close(), server.close()]);
  }
});

test('a certificate cannot make us call our own neighbours', async () => {
  for (const address of [
    'http://127.0.0.1:1/',
    'http://[::1]/',
    'http://169.254.169.254/',
    'http://localhost/',
    'http://db.internal/',
    'file:///etc/passwd',
    'ftp://a.example/',
  ]) {
    let called = false;
    const need = {
      certificate: doctor.certificate,
      issuer: authority.certificate,
      ocsp_addresses: [address],
      crl_addresses: [address],
    };
    const spy = async () => {
      called = true;
      return new Response();
    };
    assert.equal(await fetchRevocation(need, { fetch: spy }), undefined);
    assert.equal(called, false);
  }
});
