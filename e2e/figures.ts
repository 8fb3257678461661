import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const deploy = join(import.meta.dirname, '..', 'deploy');

/** What a process tells whoever holds its token. */
export async function figuresAt(address: string, token: string): Promise<string> {
  const answer = await fetch(`${address}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(answer.status, 200, address);
  return answer.text();
}

/** The names of all figures in the text, also of those that have nothing to tell at this moment. */
export function namesIn(text: string): Set<string> {
  return new Set([
    ...(text.match(/^\w+(?=[ {])/gm) ?? []),
    ...Array.from(text.matchAll(/^# TYPE (\w+)/gm), ([, name]) => name!),
  ]);
}

/** All names in the expressions of alerts and dashboards that are metrics, and the routes that they watch. */
export async function watchedFigures(): Promise<{ named: Set<string>; routes: Set<string> }> {
  const texts: string[] = [];
  for await (const file of glob('{alerts,dashboards}/*.{yaml,json}', { cwd: deploy }))
    texts.push(await readFile(join(deploy, file), 'utf8'));
  const text = texts.join('\n');
  // They have an underscore and no bracket behind.
  const families = 'zdravo|http|process|event|request_record|jobs?|database_pool|metrics_source';
  const metric = new RegExp(`\\b(?:${families})_[a-z_]+(?![a-z_]*\\()`, 'g');
  return {
    named: new Set(text.match(metric)),
    routes: new Set(Array.from(text.matchAll(/route=\\?"([^"\\]+)/g), ([, route]) => route!)),
  };
}

const words_of_the_program = /^[\w .:*+(){}/-]{1,120}$/;
const like_an_id = /\d{5}|[0-9a-f]{8}-[0-9a-f]{4}|@/i;
const most_series = 4_000;

/** Prometheus refuses a series that is told twice; labels are words of the program, so that they are few and betray nobody. */
export function checkSeries(text: string, of: string): void {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const series = lines.map((line) => line.slice(0, line.lastIndexOf(' ')));
  assert.equal(new Set(series).size, series.length, `${of} tells a series twice`);
  assert.ok(series.length < most_series, `${of} tells ${series.length} series`);
  for (const line of lines) {
    assert.match(line, /^[a-z_]+(\{([a-z_]+="[^"]*",?)+\})? (-?\d[\d.e+-]*|\+Inf)$/, of);
    for (const [, value] of line.matchAll(/="([^"]*)"/g)) {
      assert.match(value!, words_of_the_program, line);
      assert.doesNotMatch(value!, like_an_id, line);
    }
  }
}
