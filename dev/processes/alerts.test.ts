import assert from 'node:assert/strict';
import { access, glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';

// Whoever is woken by an alert reads what it says, and finds the page that it names.

const root = join(import.meta.dirname, '..', '..');

type Rule = { alert: string; expr: string; labels: Record<string, string>; annotations: Record<string, string> };
type Tested = { alert_rule_test: { alertname: string }[] };

async function rulesOf(file: string): Promise<Rule[]> {
  const { groups } = parse(await readFile(join(root, 'deploy', 'alerts', file), 'utf8')) as {
    groups: { rules: Rule[] }[];
  };
  return groups.flatMap(({ rules }) => rules);
}

const files = (await Array.fromAsync(glob('*.yaml', { cwd: join(root, 'deploy', 'alerts') }))).sort();
const of_rules = files.filter((file) => !file.endsWith('.test.yaml'));
const all = (await Promise.all(of_rules.map(rulesOf))).flat();

test('every alert has a name of its own, says how urgent it is and what has happened', () => {
  assert.ok(all.length > 35);
  assert.equal(new Set(all.map(({ alert }) => alert)).size, all.length);
  for (const { alert, expr, labels, annotations } of all) {
    assert.match(labels['severity'] ?? '', /^(page|ticket)$/, alert);
    assert.ok(annotations['summary'], alert);
    for (const brackets of ['()', '{}', '[]']) {
      const count = (bracket: string) => expr.split(bracket).length;
      assert.equal(count(brackets.charAt(0)), count(brackets.charAt(1)), `${alert}: ${expr}`);
    }
  }
});

test('an alert names pages, chapters and alerts that are there', async () => {
  const names = new Set(all.map(({ alert }) => alert));
  for (const { alert, annotations } of all) {
    const said = Object.values(annotations).join(' ');
    for (const [, page, chapter] of said.matchAll(/((?:docs|deploy)\/[\w/.-]+\.md)(?:, ([A-Z][\w ]+))?/g)) {
      await access(join(root, page!));
      const text = await readFile(join(root, page!), 'utf8');
      if (chapter) assert.ok(text.includes(`## ${chapter}`), `${alert}: ${page}, ${chapter}`);
    }
    for (const [, other] of said.matchAll(/As (\w+)/g)) assert.ok(names.has(other!), `${alert}: ${other}`);
  }
});

test('tests of rules name alerts of the file that they load', async () => {
  for (const file of files.filter((one) => one.endsWith('.test.yaml'))) {
    const { rule_files, tests } = parse(await readFile(join(root, 'deploy', 'alerts', file), 'utf8')) as {
      rule_files: string[];
      tests: Tested[];
    };
    const known = new Set((await Promise.all(rule_files.map(rulesOf))).flat().map(({ alert }) => alert));
    const named = tests.flatMap(({ alert_rule_test }) => alert_rule_test.map(({ alertname }) => alertname));
    assert.ok(named.length > 2);
    for (const name of named) assert.ok(known.has(name), `${file}: ${name}`);
  }
});
