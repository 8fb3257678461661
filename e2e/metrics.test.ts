import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runProgram } from './programs.ts';
import { startStage, type TestStage } from './stage.ts';

// Whoever is paged at night trusts that a silent alert watches something.

const deploy = join(import.meta.dirname, '..', 'deploy');
let stage: TestStage;
before(async () => {
  stage = await startStage();
});
after(() => stage?.close());

test('every figure that an alert or a dashboard names is there, and so is the route that they watch', async () => {
  const { api, directory } = stage;
  await api.expect('GET', '/api/dictionaries');
  const audit = await runProgram('audit.ts', ['--without-containers'], { ZDRAVO_DATA: directory });
  assert.equal(audit.code, 0, audit.output);
  const exported = new Set(
    [await doorMetrics(), await kept('replica.prom'), await kept('audit/audit.prom')]
      .join('\n')
      .match(/^\w+(?=[ {])/gm),
  );
  assert.ok(exported.size > 15);
  const { named, routes } = await watched();
  assert.ok(named.size > 12);
  for (const name of named) assert.ok(exported.has(name), name);
  const { body } = await api.expect('GET', '/api/openapi.json');
  for (const route of routes) assert.ok(route.replaceAll(/:(\w+)/g, '{$1}') in body.paths, route);
});

async function doorMetrics(): Promise<string> {
  const token = await readFile(join(stage.directory, 'metrics.token'), 'utf8');
  const answer = await fetch(`${stage.platform.address}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  return answer.text();
}

const kept = (name: string) => readFile(join(stage.directory, name), 'utf8');

/** All names in the expressions of alerts and dashboards that are metrics: they have an underscore and no bracket behind. */
async function watched(): Promise<{ named: Set<string>; routes: Set<string> }> {
  const texts: string[] = [];
  for await (const file of glob('{alerts,dashboards}/*.{yaml,json}', { cwd: deploy }))
    texts.push(await readFile(join(deploy, file), 'utf8'));
  const text = texts.join('\n');
  const metric = /\b(?:zdravo|http|process|event_loop|request_record)_[a-z_]+(?![a-z_]*\()/g;
  return {
    named: new Set(text.match(metric)),
    routes: new Set(Array.from(text.matchAll(/route=\\?"([^"\\]+)/g), ([, route]) => route!)),
  };
}
