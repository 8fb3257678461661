import assert from 'node:assert/strict';
import { test } from 'node:test';
import { surviveKills } from './survive-kills.ts';

test('a dozen kill -9 of Operations, of PostgreSQL’s processes and of its server lose nothing and leave no gap', async () => {
  assert.ok((await surviveKills(12)) > 0);
});
