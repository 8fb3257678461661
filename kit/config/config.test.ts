import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Type } from 'typebox';
import { ConfigError, readConfig, refuseMisspelt } from './index.ts';

const Settings = Type.Object({
  PORT: Type.Integer({ minimum: 1, maximum: 65_535, default: 4000, description: 'a port number' }),
  DATABASE_URL: Type.String({ pattern: '^postgres', description: 'the URL of a PostgreSQL database' }),
});

test('numbers are read, defaults filled in', () => {
  assert.deepEqual(readConfig(Settings, { DATABASE_URL: 'postgres://x' }), {
    PORT: 4000,
    DATABASE_URL: 'postgres://x',
  });
  assert.equal(readConfig(Settings, { DATABASE_URL: 'postgres://x', PORT: '80' }).PORT, 80);
});

test('every wrong setting is named at once, and no value is shown', () => {
  const refusal = (error: unknown) =>
    error instanceof ConfigError &&
    error.problems.join() === 'PORT must be a port number,DATABASE_URL must be the URL of a PostgreSQL database' &&
    !error.message.includes('s3cret');
  assert.throws(() => readConfig(Settings, { PORT: 's3cret', DATABASE_URL: 'mysql://s3cret' }), refusal);
  assert.throws(() => readConfig(Settings, {}), /DATABASE_URL is required/);
});

test('a setting that nobody reads is named with what was meant; what belongs to other programs is left alone', () => {
  const known = new Set(['ZDRAVO_LOG', 'ZDRAVO_DATA', 'MPI_PORT', 'MPI_CALLERS']);
  const refuse = (...names: string[]) =>
    refuseMisspelt(Object.fromEntries(names.map((name) => [name, 's3cret'])), { known, prefix: 'ZDRAVO_' });
  refuse('ZDRAVO_LOG', 'MPI_PORT', 'MPI_ROOT', 'MPI_HOME', 'PATH', '');
  for (const [slip, meant] of [
    ['ZDRAVO_LOGG', 'ZDRAVO_LOG'],
    ['ZDRAVO_DTAA', 'ZDRAVO_DATA'],
    ['MPI_CALERS', 'MPI_CALLERS'],
    ['MPI_POST', 'MPI_PORT'],
  ])
    assert.throws(() => refuse(slip!), { message: new RegExp(`${slip} is no setting; is ${meant} meant\\?$`) });
  assert.throws(
    () => refuse('ZDRAVO_COLOUR'),
    ({ message }: Error) => /ZDRAVO_COLOUR is no setting$/.test(message) && !message.includes('s3cret'),
  );
});
