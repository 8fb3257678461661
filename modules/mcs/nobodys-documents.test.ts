import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { withClient } from '@zdravo/kit/testing';
import { type Mcs, sampleJpeg } from './index.ts';
import { type McsUnderTest, startMcsForTest, upload } from './testing.ts';

let media: McsUnderTest;
let mcs: Mcs;
before(async () => {
  media = await startMcsForTest();
  mcs = media.mcs;
});
after(() => media.close());

const resource_type = 'declaration_request';

async function approvedDocument(): Promise<{ resource_id: string; object_id: string }> {
  const resource = { resource_type, resource_id: randomUUID() };
  const [address] = await mcs.issueUploads({ ...resource, documents: [{ document_type: 'person.PASSPORT' }] });
  assert.equal(await upload(address!, sampleJpeg({ comment: 'passport' })), 200);
  assert.equal((await mcs.approveUploads({ ...resource, document_types: ['person.PASSPORT'] })).outcome, 'approved');
  const [document] = await mcs.listDocuments(resource);
  return { resource_id: resource.resource_id, object_id: document!.id };
}

const listed = () => mcs.listUnassigned({ resource_type, stored_before: media.clock.now().toISOString(), limit: 100 });

async function filesAndRows(resource_id: string): Promise<number[]> {
  const rows: number[] = [];
  await withClient(media.database_url, async (client) => {
    for (const table of ['objects', 'uploads']) {
      const sql = `select count(*)::int as count from mcs.${table} where resource_id = $1`;
      rows.push((await client.query(sql, [resource_id])).rows[0].count);
    }
  });
  const files = await Array.fromAsync(mcs.store.list({ bucket: mcs.settings.clean_bucket, prefix: 'documents/' }));
  return [files.length, ...rows];
}

test('documents that became nobody’s are listed once their quarantine is empty, and forgotten with key, file and rows', async () => {
  const [ended, signed] = [await approvedDocument(), await approvedDocument()];
  await mcs.assignPerson({ resource_ids: [signed.resource_id], person_id: randomUUID() });
  media.clock.advance(1_000);
  assert.deepEqual(await listed(), [], 'the quarantine still holds the upload');
  media.clock.advance(48 * 3_600_000);
  await mcs.jobs.find(({ name }) => name === 'expire_quarantine')!.run(undefined, { signal: undefined });
  assert.deepEqual(await listed(), [ended.resource_id]);
  assert.deepEqual(await filesAndRows(ended.resource_id), [2, 1, 1]);

  // Failed and did not happen, failed but happened: either way it is done again.
  const { store } = mcs;
  const remove = store.delete;
  for (const happens of [false, true]) {
    store.delete = async (address) => {
      if (happens) await remove.call(store, address);
      throw new Error('the store is away');
    };
    await assert.rejects(mcs.forgetDocuments({ resource_type, resource_id: ended.resource_id }), /the store is away/);
    assert.deepEqual(await listed(), [ended.resource_id]);
    await assert.rejects(mcs.readDocument(ended.object_id), happens ? /cannot be read/ : { status: 410 });
  }
  store.delete = remove;
  await mcs.forgetDocuments({ resource_type, resource_id: ended.resource_id });
  await mcs.forgetDocuments({ resource_type, resource_id: ended.resource_id });
  assert.deepEqual(await listed(), []);
  assert.deepEqual(await filesAndRows(ended.resource_id), [1, 0, 0]);

  await mcs.forgetDocuments({ resource_type, resource_id: signed.resource_id });
  const kept = await Array.fromAsync(await mcs.readDocument(signed.object_id));
  assert.ok(kept.length > 0, 'what a person has is left alone');
});
