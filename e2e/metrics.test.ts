import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { checkSeries, figuresAt, namesIn, watchedFigures } from './figures.ts';
import { runProgram } from './programs.ts';
import { startStage, type TestStage } from './stage.ts';

// Whoever is paged at night trusts that a silent alert watches something.

let stage: TestStage;
before(async () => {
  stage = await startStage();
});
after(() => stage?.close());

test('every figure that an alert or a dashboard names is there, and so is the route that they watch', async () => {
  const { api, directory, platform } = stage;
  await api.expect('GET', '/api/dictionaries');
  const audit = await runProgram('audit.ts', ['--without-containers'], { ZDRAVO_DATA: directory });
  assert.equal(audit.code, 0, audit.output);
  const door = await figuresAt(platform.address, await kept('metrics.token'));
  const told = namesIn([door, await kept('replica.prom'), await kept('audit/audit.prom')].join('\n'));
  assert.ok(told.size > 50);
  const { named, routes } = await watchedFigures();
  assert.ok(named.size > 50);
  for (const name of named) assert.ok(told.has(name), name);
  const { body } = await api.expect('GET', '/api/openapi.json');
  for (const route of routes) assert.ok(route.replaceAll(/:(\w+)/g, '{$1}') in body.paths, route);
});

test('every part of the process tells its figures, no series twice, and labels are words of the program', async () => {
  const { api, directory, platform } = stage;
  await api.call('GET', '/api/persons/0501234567');
  const text = await figuresAt(platform.address, await readFile(join(directory, 'metrics.token'), 'utf8'));
  checkSeries(text, 'the platform');
  const sources = text.match(/^metrics_source_up\{.*$/gm)!;
  assert.ok(sources.length > 20);
  for (const source of sources) assert.match(source, / 1$/);
});

const kept = (name: string) => readFile(join(stage.directory, name), 'utf8');
