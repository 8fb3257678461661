import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { connectS3Store } from './s3-store.ts';
import { exchange, serveStore } from './served-store.ts';
import { StoreTrialError, tryOutStore } from './store-trial.ts';

const buckets = { quarantine: {}, clean: {}, public: {} };
const region = 'local';
const other_buckets = ['clean', 'public'];

/** A gateway before a real store that answers 200 where the store refuses with this status. */
async function lenientStore(passed_over: number) {
  const served = await serveStore({ buckets });
  const server = createServer(async (req, res) => {
    const body = Buffer.concat(await Array.fromAsync(req as AsyncIterable<Buffer>));
    const headers = req.headers as Record<string, string>;
    const answer = await exchange({ method: req.method!, url: `${served.endpoint}${req.url}`, headers, body });
    res.statusCode = answer.status === passed_over ? 200 : answer.status;
    res.end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await served.close();
  };
  return { endpoint, credentials: served.credentials, close };
}

const trialOf = (place: { endpoint: string; credentials: { access_key_id: string; secret_access_key: string } }) =>
  tryOutStore({ store: connectS3Store({ ...place, region }), quarantine_bucket: 'quarantine', other_buckets });

async function failingsOf(work: Promise<void>): Promise<readonly string[]> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof StoreTrialError, String(error));
  return error.failings;
}

describe('a foreign store at the start of the platform', () => {
  test('that keeps every condition is taken, and nothing of the trial is left in it', async () => {
    const served = await serveStore({ buckets });
    await trialOf(served);
    for (const bucket of Object.keys(buckets))
      assert.deepEqual(await Array.fromAsync(served.store.list({ bucket })), []);
    await served.close();
  });

  for (const [what, status, failing] of [
    ['takes a second write', 412, /a second write into quarantine replaces the first/],
    ['does not look at the bytes', 400, /takes other bytes than announced \(200 instead of 400\)/],
  ] as const) {
    test(`that ${what} is refused`, async () => {
      const lenient = await lenientStore(status);
      const failings = await failingsOf(trialOf(lenient));
      assert.ok(
        failings.some((one) => failing.test(one)),
        failings.join(),
      );
      await lenient.close();
    });
  }

  test('that believes any signature, as test doubles do, is refused with each thing it lets through', async () => {
    const objects = new Set<string>();
    const server = createServer(async (req, res) => {
      req.resume();
      const path = req.url!.split('?')[0]!;
      if (req.method === 'PUT') {
        const is_taken = req.headers['if-none-match'] === '*' && objects.has(path);
        res.statusCode = is_taken ? 412 : 200;
        objects.add(path);
      } else if (req.method === 'DELETE') objects.delete(path);
      res.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const credentials = { access_key_id: 'a', secret_access_key: 'b' };
    const failings = await failingsOf(trialOf({ endpoint, credentials }));
    for (const hole of ['without a signature', 'a forged signature', 'another key', 'another method', 'content type'])
      assert.ok(
        failings.some((one) => one.includes(hole)),
        `${hole}: ${failings.join('; ')}`,
      );
    server.closeAllConnections();
    server.close();
  });

  test('without a bucket, with another secret, or away is told as that', async () => {
    const served = await serveStore({ buckets: { quarantine: {}, clean: {} } });
    assert.match((await failingsOf(trialOf(served)))[0]!, /^the bucket public is not there.*not_found/);
    const credentials = { ...served.credentials, secret_access_key: 'guess' };
    assert.match((await failingsOf(trialOf({ ...served, credentials })))[0]!, /may not put.*access_denied/);
    await served.close();
    await assert.rejects(trialOf(served), { code: 'unavailable' });
  });
});
