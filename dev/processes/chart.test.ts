import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';
import { processes, settings_of_processes } from './index.ts';

// The chart, the container file and the page about them say what the programs really read.

const deploy = join(import.meta.dirname, '..', '..', 'deploy');
const read = (name: string) => readFile(join(deploy, name), 'utf8');

type File = { secret?: string; config_map?: string; claim?: string; writable?: boolean };
type ChartProcess = {
  port: number;
  calls: string[];
  reaches: string[];
  settings: Record<string, string>;
  secrets: string[];
  files: Record<string, File>;
};
type Values = {
  common: Record<string, string>;
  processes: Record<string, ChartProcess>;
  destinations: Record<string, unknown>;
  migration: { reaches: string[]; secrets: string[] };
};

const values: Values = parse(await read('chart/values.yaml'));
const portOf = (name: string) => `${name.toUpperCase().replaceAll('-', '_')}_PORT`;

test('every process is in the chart, the built-in store apart, which a folder of one machine is for', () => {
  assert.deepEqual([...Object.keys(values.processes), 'store'].sort(), Object.keys(processes).sort());
});

for (const [name, process] of Object.entries(values.processes)) {
  const known = settings_of_processes[name]!;
  const given = [...Object.keys(values.common), ...Object.keys(process.settings), ...process.secrets];

  test(`${name} is given what it needs, and nothing that it does not read`, () => {
    assert.equal(new Set(given).size, given.length, 'no setting twice');
    for (const setting of [...given, 'ZDRAVO_HOST', portOf(name)]) assert.ok(setting in known.properties, setting);
    for (const setting of known.required)
      if (!('default' in known.properties[setting]!)) assert.ok(given.includes(setting), setting);
    assert.equal((known.properties[portOf(name)] as { default?: number }).default, process.port);
  });

  test(`${name} has its secrets by reference and its files where its settings look for them`, () => {
    for (const setting of Object.keys(process.settings))
      assert.doesNotMatch(setting, /SECRET|PASSWORD|TOKEN$|DATABASE_URL|CALLERS|ACCESS_KEY_ID/);
    const places = Object.keys(process.files);
    for (const value of Object.values(process.settings))
      if (value.startsWith('/'))
        assert.ok(
          places.some((place) => value === place || value.startsWith(`${place}/`)),
          value,
        );
  });

  test(`${name} is let out to what it talks to`, () => {
    for (const destination of process.reaches) assert.ok(destination in values.destinations, destination);
    for (const callee of process.calls) {
      assert.ok(callee in values.processes, callee);
      const url = process.settings[`${callee.toUpperCase().replaceAll('-', '_')}_URL`];
      assert.equal(url, `http://{{ .Release.Name }}-${callee}:${values.processes[callee]!.port}`);
    }
    const databases = process.secrets.filter((setting) => setting.endsWith('_DATABASE_URL'));
    assert.ok(databases.length > 0 && databases.length <= process.reaches.length);
  });
}

test('only the processes that may decrypt a person reach the patient index and its keys', () => {
  const reaching = (name: string) =>
    Object.entries(values.processes)
      .filter(([, { reaches }]) => reaches.includes(name))
      .map(([process]) => process);
  assert.deepEqual(reaching('mpi_keys'), ['mpi', 'mpi-linker', 'mpi-review']);
  assert.deepEqual(reaching('mpi'), ['mpi', 'mpi-linker', 'mpi-review', 'reports-keeper']);
  assert.deepEqual(reaching('ops_keys'), ['ops']);
});

test('the migration knows every database', () => {
  const of_processes = Object.values(values.processes).flatMap(({ secrets }) => secrets);
  const databases = of_processes.filter((one) => /^(?!MPI_(LINKER|REVIEW)_).*DATABASE_URL$/.test(one));
  assert.deepEqual(values.migration.secrets.toSorted(), [...new Set(databases)].sort());
  assert.equal(values.migration.reaches.length, values.migration.secrets.length);
});

test('the page about deployment names every setting of every process', async () => {
  const named = Array.from((await read('README.md')).matchAll(/`([A-Z0-9_]+\*?)`/g), ([, name]) => name!);
  const isNamed = (setting: string) =>
    named.some((name) => (name.endsWith('*') ? setting.startsWith(name.slice(0, -1)) : name === setting));
  for (const [name, known] of Object.entries(settings_of_processes))
    for (const setting of Object.keys(known.properties)) assert.ok(isNamed(setting), `${setting} of ${name}`);
});

const helm = process.env['HELM_PATH'];

test('the rendered manifests stand as the threat model wants them', {
  skip: !helm && 'HELM_PATH names no helm',
}, async () => {
  const { stdout } = await promisify(execFile)(helm!, ['template', 'z', join(deploy, 'chart')], { maxBuffer: 1e7 });
  const manifests = parseAllDocuments(stdout)
    .map((one) => one.toJS())
    .filter(Boolean);
  const pods = manifests.filter(({ kind }) => kind === 'Deployment' || kind === 'Job');
  assert.equal(pods.length, Object.keys(values.processes).length + 1);
  for (const { metadata, spec } of pods) {
    const pod = spec.template.spec;
    assert.equal(pod.automountServiceAccountToken, false, metadata.name);
    assert.equal(pod.securityContext.runAsNonRoot, true, metadata.name);
    for (const { securityContext, resources } of pod.containers) {
      assert.equal(securityContext.readOnlyRootFilesystem, true, metadata.name);
      assert.deepEqual(securityContext.capabilities, { drop: ['ALL'] });
      assert.ok(resources.limits.memory);
    }
    const selected = JSON.stringify(spec.template.metadata.labels['app.kubernetes.io/component']);
    const policy = manifests.find(
      (one) =>
        one.kind === 'NetworkPolicy' &&
        JSON.stringify(one.spec.podSelector.matchLabels['app.kubernetes.io/component']) === selected,
    );
    assert.deepEqual(policy.spec.policyTypes, ['Ingress', 'Egress'], metadata.name);
  }
});
