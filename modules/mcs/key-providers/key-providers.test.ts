import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import type { KeyContext, KeyProvider } from '@zdravo/kit/keys';
import { createAwsKmsProvider, createVaultTransitProvider, KeyServiceError } from './index.ts';
import { type StandIn, startKms, startVault } from './stand-ins.ts';

const context: KeyContext = { module: 'mcs', purpose: 'objects', owner_id: 'f0000000-0000-4000-8000-000000000001' };
const credentials = { access_key_id: 'AKTEST', secret_access_key: 'secret' };

type Opened = {
  provider: KeyProvider;
  service: StandIn;
  rotated(): Promise<KeyProvider>;
  wrong(): Promise<KeyProvider>;
};

async function openVault(): Promise<Opened> {
  const service = await startVault('token-of-test');
  const connect = (token: string) =>
    createVaultTransitProvider({ endpoint: service.endpoint, key_name: 'zdravo', token: () => token, timeout_ms: 500 });
  const provider = await connect('token-of-test');
  const rotated = async () => {
    service.rotate();
    await provider.refresh();
    return provider;
  };
  return { provider, service, rotated, wrong: () => connect('other') };
}

async function openKms(): Promise<Opened> {
  const service = await startKms(credentials);
  const connect = (key_id: string, secret_access_key = credentials.secret_access_key) =>
    createAwsKmsProvider({
      endpoint: service.endpoint,
      region: 'eu-central-1',
      credentials: () => ({ ...credentials, secret_access_key }),
      key_id,
      mac_key_id: 'mac',
      timeout_ms: 500,
    });
  const rotated = async () => connect('key-2');
  return { provider: connect('key-1'), service, rotated, wrong: async () => connect('key-1', 'guess') };
}

for (const [name, open] of [
  ['Vault transit', openVault],
  ['AWS KMS', openKms],
] as const) {
  describe(`keys in ${name}`, () => {
    test('wrap and unwrap under their context only', async () => {
      const { provider, service } = await open();
      const key = randomBytes(32);
      const wrapped = await provider.wrap(key, context);
      assert.equal(wrapped.key_id, provider.current_key_id());
      assert.equal(Buffer.from(wrapped.bytes).includes(key), false);
      assert.deepEqual(Buffer.from(await provider.unwrap(wrapped, context)), key);
      const other = { ...context, owner_id: 'f0000000-0000-4000-8000-000000000002' };
      await assert.rejects(provider.unwrap(wrapped, other), { code: 'key_refused' });
      service.close();
    });

    test('of an older generation still unwrap after a rotation; new ones are of the new', async () => {
      const { provider, service, rotated } = await open();
      const key = randomBytes(32);
      const wrapped = await provider.wrap(key, context);
      const after = await rotated();
      assert.notEqual(after.current_key_id(), wrapped.key_id);
      assert.deepEqual(Buffer.from(await after.unwrap(wrapped, context)), key);
      assert.equal((await after.wrap(key, context)).key_id, after.current_key_id());
      service.close();
    });

    test('derive the same 32 bytes for a purpose, and others for another', async () => {
      const { provider, service, rotated } = await open();
      const one = Buffer.from(await provider.derive('addresses'));
      assert.equal(one.length, 32);
      assert.deepEqual(Buffer.from(await provider.derive('addresses')), one);
      assert.notDeepEqual(Buffer.from(await provider.derive('other')), one);
      const generation = provider.current_key_id();
      const after = await rotated();
      assert.deepEqual(Buffer.from(await after.derive('addresses', generation)), one);
      assert.notDeepEqual(Buffer.from(await after.derive('addresses')), one);
      service.close();
    });

    test('are refused to who has no right, and altered ones to everybody', async () => {
      const { provider, service, wrong } = await open();
      const wrapped = await provider.wrap(randomBytes(32), context);
      await assert.rejects(async () => (await wrong()).unwrap(wrapped, context), { code: 'key_refused' });
      const altered = Buffer.from(wrapped.bytes);
      altered[altered.length - 6] = (altered[altered.length - 6] ?? 0) ^ 1;
      await assert.rejects(provider.unwrap({ ...wrapped, bytes: altered }, context), KeyServiceError);
      service.close();
    });

    test('are unavailable, not refused, while the service is away', async () => {
      const { provider, service } = await open();
      for (const status of [500, 503, 429]) {
        service.fail(status);
        await assert.rejects(provider.wrap(randomBytes(32), context), { code: 'key_service_unavailable' });
      }
      service.close();
      await assert.rejects(provider.wrap(randomBytes(32), context), { code: 'key_service_unavailable' });
    });
  });
}
