import assert from 'node:assert/strict';
import { hash, randomBytes, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { withClient } from '@zdravo/kit/testing';
import type { Mcs } from './index.ts';
import { type McsUnderTest, startMcsForTest } from './testing.ts';

let media: McsUnderTest;
let mcs: Mcs;
before(async () => {
  media = await startMcsForTest();
  mcs = media.mcs;
});
after(() => media.close());

const minutes = 60_000;

async function storeContainers(count: number): Promise<string[]> {
  const stored: string[] = [];
  for (let at = 0; at < count; at++) {
    const container = randomBytes(64);
    const resource = { resource_type: 'declaration', resource_id: randomUUID() };
    const { object_id } = await mcs.storeSignedContainer({ ...resource, container, sha256: hash('sha256', container) });
    stored.push(object_id);
  }
  return stored;
}

const lend = (limit = 100, lease_s = 60) => mcs.lendDueUpgrades({ limit, lease_s });
const idsOf = (lent: { object_id: string }[]) => lent.map(({ object_id }) => object_id).sort();

async function stateOf(object_id: string) {
  let row: Record<string, unknown> | undefined;
  await withClient(media.database_url, async (client) => {
    row = (await client.query('select * from mcs.container_upgrades where object_id = $1', [object_id])).rows[0];
  });
  return row!;
}

test('a container waits from the moment it is stored, and is due some minutes later; its upgrade waits for nothing', async () => {
  const [object_id] = await storeContainers(1);
  assert.deepEqual(await lend(), []);
  media.clock.advance(11 * minutes);
  const [lent] = await lend();
  assert.deepEqual([lent?.object_id, lent?.attempts, lent?.time_stamps], [object_id, 1, []]);
  const { resource_type, resource_id } = lent!;
  const upgraded = { container: Buffer.from('upgraded'), sha256: hash('sha256', 'upgraded') };
  await mcs.storeSignedContainer({ resource_type, resource_id, form: 'signed_content.upgraded', ...upgraded });
  await mcs.settleUpgrade({ object_id: object_id!, level: 'B-LT' });
  media.clock.advance(60 * minutes);
  assert.deepEqual(await lend(), []);
});

test('many who ask at once get different containers; what nobody gives back is lent again', async () => {
  const stored = await storeContainers(24);
  media.clock.advance(11 * minutes);
  const lent = (await Promise.all(Array.from({ length: 8 }, () => lend(4)))).flat();
  assert.equal(new Set(idsOf(lent)).size, lent.length);
  assert.deepEqual(idsOf([...lent, ...(await lend())]), [...stored].sort());
  assert.deepEqual(await lend(), []);
  media.clock.advance(2 * minutes);
  const again = await lend();
  assert.deepEqual(idsOf(again), [...stored].sort());
  assert.ok(again.every(({ attempts }) => attempts === 2));
  for (const { object_id } of again) await mcs.settleUpgrade({ object_id, level: 'B-T' });
});

test('time-stamps are kept until the end; what is settled stays settled', async () => {
  const [object_id] = await storeContainers(1);
  media.clock.advance(11 * minutes);
  await lend();
  await mcs.keepTimeStamps({ object_id: object_id!, time_stamps: [Buffer.from('first'), Buffer.from([0, 1, 2])] });
  await mcs.postponeUpgrade({ object_id: object_id!, until: new Date(media.clock.now().getTime() + 5 * minutes) });
  assert.deepEqual(await lend(), []);
  media.clock.advance(6 * minutes);
  const [lent] = await lend();
  assert.deepEqual(lent?.time_stamps, [Buffer.from('first'), Buffer.from([0, 1, 2])]);
  await mcs.settleUpgrade({ object_id: object_id!, refusal: 'REVOKED_NO_POE' });
  await mcs.settleUpgrade({ object_id: object_id!, level: 'B-LT' });
  await mcs.postponeUpgrade({ object_id: object_id!, until: new Date(0) });
  const { refusal, level, due_at, time_stamps } = await stateOf(object_id!);
  assert.deepEqual(
    { refusal, level, due_at, time_stamps },
    { refusal: 'REVOKED_NO_POE', level: null, due_at: null, time_stamps: [] },
  );
});
