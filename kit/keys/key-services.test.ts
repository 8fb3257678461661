import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startKmsStandIn, startVaultStandIn } from '../testing/index.ts';
import {
  type AwsKmsOptions,
  createAwsKmsProvider,
  createVaultTransitProvider,
  type KeyContext,
  KeyError,
  type KeyProvider,
  KeyServiceError,
  type KmsCredentials,
  type VaultTransitOptions,
} from './index.ts';

const context: KeyContext = { module: 'mcs', purpose: 'objects', owner_id: 'f0000000-0000-4000-8000-000000000001' };
const other_owner = { ...context, owner_id: 'f0000000-0000-4000-8000-000000000002' };
const limits = { timeout_ms: 5_000, deadline_ms: 20_000 };
const impatient = { timeout_ms: 1_000, deadline_ms: 5_000 };

const vault = await startVaultStandIn({ keys: ['zdravo-mcs'], namespace: 'health' });
const kms = await startKmsStandIn();
kms.pointAlias('zdravo-mcs', 'SYMMETRIC_DEFAULT');
kms.pointAlias('zdravo-mcs-mac', 'HMAC_256');
after(() => Promise.all([vault.close(), kms.close()]));

function openVault(options: Partial<VaultTransitOptions> = {}) {
  const { endpoint } = vault;
  const plain = { endpoint, namespace: 'health', key_name: 'zdravo-mcs', token: () => vault.token, ...limits };
  return createVaultTransitProvider({ ...plain, ...options });
}

function kmsCredentials(): KmsCredentials {
  const { AccessKeyId, SecretAccessKey, SessionToken } = kms.secrets();
  return { access_key_id: AccessKeyId, secret_access_key: SecretAccessKey, session_token: SessionToken! };
}

function openKms(options: Partial<AwsKmsOptions> = {}) {
  const keys = { key_id: 'alias/zdravo-mcs', mac_key_id: 'alias/zdravo-mcs-mac' };
  const place = { endpoint: kms.endpoint, region: kms.region, credentials: kmsCredentials };
  return createAwsKmsProvider({ ...place, ...keys, ...limits, ...options });
}

const services = [
  { name: 'Vault transit', service: vault, open: openVault, rotate: () => vault.rotate('zdravo-mcs') },
  {
    name: 'AWS KMS',
    service: kms,
    open: openKms,
    rotate: () => void kms.pointAlias('zdravo-mcs', 'SYMMETRIC_DEFAULT'),
  },
];

for (const { name, service, open, rotate } of services) {
  describe(`keys in ${name}`, () => {
    test('open under their own context only, and not when altered', async () => {
      const provider = await open();
      const key = randomBytes(32);
      const wrapped = await provider.wrap(key, context);
      assert.equal(Buffer.from(wrapped.bytes).includes(key), false);
      assert.deepEqual(Buffer.from(await provider.unwrap(wrapped, context)), key);
      await assert.rejects(provider.unwrap(wrapped, other_owner), { name: 'KeyError', code: 'key_refused' });
      const bytes = Buffer.from(wrapped.bytes);
      bytes[bytes.length - 6] = bytes[bytes.length - 6]! ^ 1;
      await assert.rejects(provider.unwrap({ ...wrapped, bytes }, context), KeyError);
    });

    test('after a rotation are of the new generation, and those of before open still', async () => {
      const provider = await open();
      const key = randomBytes(32);
      const wrapped = await provider.wrap(key, context);
      const [generation, first, derived] = [
        provider.current_key_id(),
        await provider.derive('a', '1'),
        await provider.derive('a'),
      ];
      rotate();
      await provider.refresh();
      assert.notEqual(provider.current_key_id(), generation);
      assert.deepEqual(Buffer.from(await provider.unwrap(wrapped, context)), key);
      assert.equal((await provider.wrap(key, context)).key_id, provider.current_key_id());
      assert.deepEqual(await provider.derive('a', generation), derived);
      assert.deepEqual(await provider.derive('a', '1'), first);
      assert.notDeepEqual(await provider.derive('a'), derived);
      assert.deepEqual(await (await open()).derive('a', '1'), first, 'another process derives the same');
    });

    test('derive 32 bytes for a purpose, and others for another', async () => {
      const provider = await open();
      const [one, again, other] = await Promise.all(['a', 'a', 'b'].map((purpose) => provider.derive(purpose)));
      assert.equal(one!.length, 32);
      assert.deepEqual(again, one);
      assert.notDeepEqual(other, one);
    });

    test('of another provider are unknown, not refused: a succession goes on to the next', async () => {
      const provider = await open();
      for (const key_id of ['1', 'vault:v99x', 'x']) {
        const work = provider.unwrap({ key_id, bytes: randomBytes(60) }, context);
        await assert.rejects(work, { name: 'KeyError', code: 'key_unknown' });
        if (key_id !== '1') await assert.rejects(provider.derive('a', key_id), { code: 'key_unknown' });
      }
    });

    test('a call that found nobody, was put off or got no answer is made again; each repeat is a whole request', async () => {
      for (const trouble of ['reset', 'lose', 'hang', 'no_json', { status: 503 }, { status: 429 }] as const) {
        const provider = await open(trouble === 'hang' ? impatient : {});
        service.asked.length = 0;
        service.trouble(trouble, 2);
        const key = randomBytes(32);
        const wrapped = await provider.wrap(key, context);
        if (trouble !== 'hang') assert.equal(service.asked.length, 3, JSON.stringify(trouble));
        assert.ok(service.asked.length >= 3);
        assert.equal(new Set(service.asked.map(({ text }) => text)).size, 1);
        assert.deepEqual(Buffer.from(await provider.unwrap(wrapped, context)), key);
      }
    });

    test('a service that stays away ends in 503 within the deadline, with a hint and no key of anybody refused', async () => {
      const provider = await open(impatient);
      for (const trouble of ['reset', 'hang', { status: 500 }] as const) {
        service.trouble(trouble, 8);
        const work = provider.wrap(randomBytes(32), context);
        await assert.rejects(work, (error) => {
          assert.ok(error instanceof KeyServiceError && !(error instanceof KeyError));
          assert.equal(error.code, 'key_service_unavailable');
          assert.equal(error.status, 503);
          assert.match(error.hint, /reached|did not answer|answered 500/);
          return true;
        });
        await settle(service);
      }
    });

    test('a refusal is not repeated', async () => {
      const provider = await open();
      const wrapped = await provider.wrap(randomBytes(32), context);
      service.asked.length = 0;
      await assert.rejects(provider.unwrap(wrapped, other_owner), KeyError);
      assert.equal(service.asked.length, 1);
    });

    test('at most 32 calls are under way at once, and a crowd is served', async () => {
      const provider = await open({ timeout_ms: 60_000, deadline_ms: 60_000 });
      const keys = Array.from({ length: 200 }, () => randomBytes(32));
      service.asked.length = 0;
      const release = service.hold();
      const wrapping = Promise.all(keys.map((key) => provider.wrap(key, context)));
      while (service.asked.length < 32) await sleep(5);
      await sleep(200);
      assert.equal(service.asked.length, 32);
      release();
      const wrapped = await wrapping;
      assert.equal(service.asked.length, 200);
      const opened = await Promise.all(wrapped.map((one) => provider.unwrap(one, context)));
      assert.deepEqual(
        opened.map((key) => Buffer.from(key)),
        keys,
      );
    });
  });
}

/** Uses up what trouble is left, so that the next test meets the service as it is. */
async function settle(service: { endpoint: string; asked: unknown[]; trouble(what: 'reset', times: number): void }) {
  for (let quiet = 0; quiet < 2; ) {
    const answer = await fetch(service.endpoint, { signal: AbortSignal.timeout(50) }).catch(() => undefined);
    quiet = answer && answer.status !== 500 ? quiet + 1 : 0;
  }
}

describe('what Vault refuses is said in words that an operator can act on', () => {
  const hintOf = async (work: Promise<unknown>): Promise<string> => {
    const error = await work.then(
      () => assert.fail('was accepted'),
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof KeyError || error instanceof KeyServiceError, String(error));
    return `${error.code}: ${error.message} ${error.hint}`;
  };

  test('a wrong or expired token, a wrong namespace, a missing key', async () => {
    assert.match(await hintOf(openVault({ token: () => 'guess' })), /key_service_refused.*renew it/);
    assert.match(await hintOf(openVault({ namespace: 'other' })), /key_service_refused/);
    assert.match(await hintOf(openVault({ key_name: 'zdravo-no' })), /has no key zdravo-no below transit\//);
  });

  test('a renewed token is used at once', async () => {
    const provider = await openVault();
    vault.renewToken();
    assert.equal((await provider.wrap(randomBytes(32), context)).key_id, provider.current_key_id());
  });

  test('a retired version, one that a restored Vault does not have, and another key of the same name', async () => {
    const lost = await startVaultStandIn({ keys: ['k'] });
    const open = () =>
      createVaultTransitProvider({ endpoint: lost.endpoint, key_name: 'k', token: () => lost.token, ...limits });
    const provider = await open();
    const wrapped = await provider.wrap(randomBytes(32), context);
    lost.rotate('k');
    const newer = await provider.wrap(randomBytes(32), context);
    lost.retireBelow('k', 2);
    assert.match(await hintOf(provider.unwrap(wrapped, context)), /key_unknown.*Lower its min_decryption_version/);
    assert.match(await hintOf(provider.derive('a', '1')), /key_unknown.*Lower its min_decryption_version/);
    lost.retireBelow('k', 1);
    lost.forgetNewest('k');
    assert.match(await hintOf(provider.unwrap(newer, context)), /key_unknown.*restored from an older backup/);
    assert.match(await hintOf(provider.derive('a', newer.key_id)), /key_unknown.*restored from an older backup/);
    lost.replaceKey('k');
    assert.match(await hintOf(provider.unwrap(wrapped, context)), /key_refused.*another key of the same name/);
    lost.removeKey('k');
    assert.match(await hintOf(provider.unwrap(wrapped, context)), /key_service_refused.*has no key k/);
    await lost.close();
  });

  test('a Vault that does not bind keys to their owner is not used', async () => {
    const old = await startVaultStandIn({ keys: ['k'] });
    old.ignoreContext();
    const work = createVaultTransitProvider({
      endpoint: old.endpoint,
      key_name: 'k',
      token: () => old.token,
      ...limits,
    });
    assert.match(await hintOf(work), /key_service_refused.*does not bind.*1\.13/);
    await old.close();
  });

  test('a record that names a generation other than its bytes do', async () => {
    const provider = await openVault();
    const wrapped = await provider.wrap(randomBytes(32), context);
    assert.match(await hintOf(provider.unwrap({ ...wrapped, key_id: 'vault:v9' }, context)), /key_refused/);
  });
});

describe('what KMS refuses is said in words that an operator can act on', () => {
  const refused = (code: string, hint: RegExp) => (error: unknown) => {
    assert.ok(error instanceof KeyError || error instanceof KeyServiceError, String(error));
    assert.equal(error.code, code);
    assert.match(error.hint, hint);
    return true;
  };

  test('a wrong secret, access key, session, region, or a clock that is off', async () => {
    const bad = (change: Partial<KmsCredentials>) =>
      openKms({ credentials: () => ({ ...kmsCredentials(), ...change }) });
    await assert.rejects(bad({ secret_access_key: 'guess' }), refused('key_service_refused', /secret or the region/));
    await assert.rejects(bad({ access_key_id: 'AKIAGUESS' }), refused('key_service_refused', /renew the credentials/));
    await assert.rejects(bad({ session_token: 'old' }), refused('key_service_refused', /renew the credentials/));
    await assert.rejects(openKms({ region: 'eu-other-1' }), refused('key_service_refused', /region is wrong/));
    const late = () => new Date(Date.now() - 6 * 60_000);
    await assert.rejects(openKms({ now: late }), refused('key_service_refused', /clock is off/));
  });

  test('renewed credentials are used at once', async () => {
    const provider = await openKms();
    kms.renewSecrets();
    assert.equal((await provider.wrap(randomBytes(32), context)).key_id, provider.current_key_id());
  });

  test('a missing, disabled or dying key, and one of the wrong kind', async () => {
    await assert.rejects(openKms({ key_id: 'alias/no' }), refused('key_unknown', /right region and account/));
    await assert.rejects(openKms({ key_id: 'alias/zdravo-mcs-mac' }), refused('key_service_refused', /wrong kind/));
    const provider: KeyProvider = await openKms();
    const wrapped = await provider.wrap(randomBytes(32), context);
    for (const state of ['Disabled', 'PendingDeletion'] as const) {
      kms.setState(wrapped.key_id, state);
      await assert.rejects(provider.unwrap(wrapped, context), refused('key_unknown', /Cancel its deletion/));
      await assert.rejects(openKms(), refused('key_unknown', /Cancel its deletion/));
    }
    kms.setState(wrapped.key_id, 'Enabled');
    assert.equal((await provider.unwrap(wrapped, context)).length, 32);
    kms.pointAlias('zdravo-mcs', 'SYMMETRIC_DEFAULT');
    kms.deleteKey(wrapped.key_id);
    await assert.rejects(provider.unwrap(wrapped, context), refused('key_unknown', /lost with all that it wrapped/));
  });
});
