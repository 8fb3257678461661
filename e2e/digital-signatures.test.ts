import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { signInOfficer, signInVendor } from '@zdravo/dev/demo/clinics';
import {
  type CertificateFiles,
  createCertificateAuthority,
  issueCertificate,
  sign,
  signTogether,
} from '@zdravo/signature';
import fc from 'fast-check';
import { startStage, type TestStage } from './stage.ts';

let stage: TestStage;
let officer: string;
let doctor: CertificateFiles;
let seal: CertificateFiles;
const content = { declaration: 1, name: 'Їжак' };

/** An authority that is trusted and has no responder and no list. */
const silent = createCertificateAuthority({ name: 'Silent authority' });
let trusted: string;

before(async () => {
  trusted = await mkdtemp(join(tmpdir(), 'zdravo-trusted-'));
  await writeFile(join(trusted, 'silent.cer'), silent.certificate);
  stage = await startStage({ environment: { ZDRAVO_REVOCATION: 'required', ZDRAVO_TRUST_FOLDER: trusted } });
  officer = await signInOfficer(stage);
  const person = { common_name: 'Тестенко Олена', surname: 'Тестенко', given_name: 'Олена', drfo: '0012345678' };
  doctor = (await stage.authority.issueSigner('doctor', person)).files;
  const clinic = { common_name: 'Клініка', organization_name: 'Клініка', edrpou: '01234567', usage: 'stamp' as const };
  seal = (await stage.authority.issueSigner('seal', clinic)).files;
});
after(async () => {
  await stage?.close();
  await rm(trusted, { recursive: true, force: true });
});

const json = (value: unknown) => Buffer.from(JSON.stringify(value));

function verifySignatures(container: Uint8Array | string, given: object = {}, token = officer) {
  const signed_content = typeof container === 'string' ? container : Buffer.from(container).toString('base64');
  return stage.api.call('POST', '/api/digital_signatures', {
    token,
    body: { signed_content, signed_content_encoding: 'base64', ...given },
  });
}

type Entry = { is_valid: boolean; is_stamp: boolean; signer: Record<string, string>; validation_error_message: string };

test('a good container: its content and one result for its signature, identifiers as text', async () => {
  const { status, body } = await verifySignatures(sign(json(content), doctor), { check: true });
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual(body.data.content, content);
  const [signature, ...others] = body.data.signatures as Entry[];
  assert.equal(others.length, 0);
  const { is_valid, is_stamp, validation_error_message, signer } = signature!;
  assert.deepEqual(
    { is_valid, is_stamp, validation_error_message },
    { is_valid: true, is_stamp: false, validation_error_message: '' },
  );
  const { drfo, edrpou, surname, given_name, common_name } = signer;
  assert.deepEqual(
    { drfo, edrpou, surname, given_name, common_name },
    { drfo: '0012345678', edrpou: null, surname: 'Тестенко', given_name: 'Олена', common_name: 'Тестенко Олена' },
  );
});

test('signed, then sealed: the outermost first, one result each', async () => {
  const { body } = await verifySignatures(sign(sign(json(content), doctor), seal));
  assert.deepEqual(body.data.content, content);
  assert.deepEqual(
    body.data.signatures.map(({ is_valid, is_stamp, signer }: Entry) => [
      is_valid,
      is_stamp,
      signer['edrpou'] ?? signer['drfo'],
    ]),
    [
      [true, true, '01234567'],
      [true, false, '0012345678'],
    ],
  );
});

test('eight envelopes are opened; of nine none is valid, since nobody has seen what they hold', async () => {
  let container = sign(json(content), doctor);
  for (let layer = 2; layer <= 8; layer++) container = sign(container, seal);
  const eight = await verifySignatures(container);
  assert.deepEqual(eight.body.data.content, content);
  assert.deepEqual([eight.body.data.signatures.length, eight.body.data.signatures[7].is_valid], [8, true]);
  const nine = await verifySignatures(sign(container, seal));
  assert.equal(nine.body.data.content, null);
  for (const { is_valid, validation_error_message } of nine.body.data.signatures as Entry[])
    assert.deepEqual(
      [is_valid, validation_error_message],
      [false, 'container has more than 8 envelopes, one in another'],
    );
});

test('one bad signature makes no other one valid; the reason is told', async () => {
  const revoked = await stage.authority.issueSigner('revoked', { common_name: 'Revoked' });
  await stage.authority.revoke(revoked.files.certificate);
  const cases: [Uint8Array, string][] = [
    [sign(sign(json(content), revoked.files), seal), 'certificate revoked'],
    [signTogether(json(content), [doctor, seal]), 'envelope contains 2 signatures instead of 1'],
  ];
  for (const [container, message] of cases) {
    const { status, body } = await verifySignatures(container);
    assert.equal(status, 200);
    assert.ok(body.data.signatures.length > 0);
    for (const { is_valid, validation_error_message } of body.data.signatures as Entry[]) {
      assert.equal(is_valid, false);
      assert.equal(validation_error_message, message);
    }
  }
});

test('content that is not JSON is null; what is no container is refused, and nobody skips the check', async () => {
  const plain = await verifySignatures(sign(Buffer.from('not JSON'), doctor));
  assert.deepEqual([plain.body.data.content, plain.body.data.signatures[0].is_valid], [null, true]);
  for (const container of ['bm90aGluZw==', 'not base64!', Buffer.from(JSON.stringify(content)).toString('base64')]) {
    const { status, body } = await verifySignatures(container);
    assert.equal(status, 422);
    assert.equal(body.error.invalid[0].entry, '$.signed_content');
  }
  assert.equal((await verifySignatures(sign(json(content), doctor), { check: false })).status, 422);
});

test('where a status is required and nobody can tell it, a document is put off, not refused: 503, when to come again', async () => {
  const container = sign(json(content), issueCertificate(silent, { common_name: 'Doctor', drfo: '0012345678' }));
  const { status, headers, body } = await stage.api.call('PUT', '/api/legal_entities', {
    token: await signInVendor(stage),
    body: { signed_legal_entity_request: Buffer.from(container).toString('base64'), signed_content_encoding: 'base64' },
  });
  assert.deepEqual(
    [status, headers.get('retry-after'), body.meta.code, body.error.code],
    [503, '60', 503, 'certificate_status_unknown'],
  );
  const verdict = await verifySignatures(container);
  assert.equal(verdict.status, 200);
  assert.deepEqual(
    verdict.body.data.signatures.map((one: Entry) => [one.is_valid, one.validation_error_message]),
    [[false, 'Nobody could tell whether the certificate is revoked']],
  );
});

test('who may not, may not', async () => {
  const container = sign(json(content), doctor);
  assert.equal((await verifySignatures(container, {}, await signInVendor(stage))).status, 403);
  assert.equal((await verifySignatures(container, {}, 'nobody')).status, 401);
});

test('whatever is changed in a container, the answer is a verdict or a refusal, never a failure of ours and never a pass', async () => {
  const container = sign(sign(json(content), doctor), seal);
  // What a change does not touch of what was signed: the unsigned copy of the digest algorithms, lengths in long form.
  await fc.assert(
    fc.asyncProperty(
      fc.nat(container.length - 1),
      fc.integer({ min: 1, max: 255 }),
      fc.nat(3),
      async (at, mask, cut) => {
        const changed = Buffer.from(container);
        changed[at]! ^= mask;
        const { status, body } = await verifySignatures(cut === 0 ? changed.subarray(0, at) : changed);
        assert.ok([200, 422].includes(status), `${status} at ${at}`);
        if (status !== 200) return;
        const all_valid = (body.data.signatures as Entry[]).every(({ is_valid }) => is_valid);
        if (all_valid) assert.deepEqual(body.data.content, content, `passed with other content at ${at}`);
      },
    ),
    { numRuns: 150 },
  );
});
