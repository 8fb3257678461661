import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createApi } from './api.ts';

test('a program that is asked for patience waits as long as it is told and goes on; one that does not want to fails at once', async (t) => {
  let calls = 0;
  const server = createServer((_, response) => {
    calls += 1;
    const is_refused = calls % 2 === 1;
    response.writeHead(is_refused ? 429 : 200, is_refused ? { 'retry-after': '1' } : {}).end('{"data":1}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sign_ins = { login_client_id: 'none' };

  const waits: number[] = [];
  const patient = createApi(address, sign_ins, (seconds) => waits.push(seconds));
  assert.equal((await patient.expect('GET', '/')).status, 200);
  assert.deepEqual(waits, [1]);
  await assert.rejects(createApi(address, sign_ins).expect('GET', '/'), /answered 429/);
  assert.equal(calls, 3);
});
