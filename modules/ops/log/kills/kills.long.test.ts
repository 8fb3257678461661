import assert from 'node:assert/strict';
import { test } from 'node:test';
import { surviveKills } from './survive-kills.ts';

test('200 kill -9 of Operations, of PostgreSQL’s processes and of its server lose nothing and leave no gap', async () => {
  assert.ok((await surviveKills(200)) > 0);
});
