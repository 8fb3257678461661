import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { contract as authContract } from '@zdravo/auth';
import { client_type_scopes, generateCountry, role_scopes } from '@zdravo/country-ua';
import { type Clinic, foundClinic, signInOfficer, signInVendor } from '@zdravo/dev/demo/clinics';
import { declare } from '@zdravo/dev/demo/declarations';
import { contract as ilContract } from '@zdravo/il';
import { createLogger } from '@zdravo/kit/log';
import { contract as reportsContract } from '@zdravo/reports/contract';
import fc from 'fast-check';
import { bodyOf, marker } from './generated-bodies.ts';
import { sendFrom } from './other-address.ts';
import { startStage, type TestStage } from './stage.ts';

// Every route of the public API that takes a body or a query, out of its own schema: refused or taken, always in the envelope, never a
// 500.

type Route = {
  name: string;
  method: string;
  path: string;
  also?: readonly { method?: string; path: string }[];
  body: unknown;
  query?: { properties: Record<string, unknown> };
  access: { kind: string; scopes?: readonly string[] };
  body_limit_bytes?: number;
};

const all_routes: Route[] = Object.entries({ ...ilContract, ...authContract, ...reportsContract }).map(
  ([name, route]) => ({ name, ...(route as unknown as Omit<Route, 'name'>) }),
);
const routes = all_routes.filter(({ body }) => body !== undefined);
const searches = all_routes.filter(({ method, query }) => method === 'GET' && query !== undefined);

const written: string[] = [];
const country = generateCountry({ seed: 'every body', persons: 4096 });
const person = [...country.persons(0, 900)]
  .map((one) => one.person)
  .find((one) => one.birth_date < '2000-01-01' && one.authentication_methods[0]?.type === 'OTP')!;
let stage: TestStage;
let clinic: Clinic;
let holders: { scopes: readonly string[]; headers: Record<string, string> }[];
let ids: string[];

before(async () => {
  const destination = { write: (line: string) => void written.push(line) };
  stage = await startStage({ log: createLogger({ name: 'zdravo', level: 'debug', destination }) });
  const mis = await signInVendor(stage);
  const officer = await signInOfficer(stage);
  clinic = await foundClinic(stage, mis, country.clinic(0), 'FAMILY_DOCTOR');
  const signed = (await declare(stage, clinic, person)).body.data;
  const api_key = { 'api-key': stage.sign_ins.mis.client_secret };
  const holder = (role: string, token: string, more = {}) => ({
    scopes: role_scopes[role]!,
    headers: { authorization: `Bearer ${token}`, ...more },
  });
  holders = [
    holder('DOCTOR', clinic.doctor.token, api_key),
    holder('OWNER', clinic.owner.token, api_key),
    holder('NHS ADMIN', officer),
    holder('MIS USER', mis),
  ];
  ids = [clinic.legal_entity_id, clinic.division_id, clinic.doctor.employee_id, signed.id, signed.person_id];
});
after(() => stage?.close());

/** Credentials of somebody who may call the route. */
async function headersFor({ access }: Route): Promise<Record<string, string>> {
  const needed = access.scopes ?? [];
  if (access.kind !== 'scopes') return {};
  const known = holders.find(({ scopes }) => needed.every((scope) => scopes.includes(scope)));
  if (known) return known.headers;
  for (const role of Object.keys(role_scopes))
    for (const client_type of Object.keys(client_type_scopes)) {
      const scopes = role_scopes[role]!.filter((scope) => client_type_scopes[client_type]!.includes(scope));
      if (needed.every((scope) => scopes.includes(scope))) return (await newHolder(role, client_type, scopes)).headers;
    }
  if (needed.includes('app:authorize')) return { authorization: `Bearer ${await sessionToken()}` };
  throw new Error(`nobody may call a route for ${needed.join(' ')}`);
}

async function newHolder(role: string, client_type: string, scopes: readonly string[]) {
  const { auth } = stage.platform;
  const redirect_uri = 'http://localhost:4010/callback';
  const id = randomUUID();
  const { client_id, secret } = await auth.putClient({
    id,
    name: role,
    client_type,
    redirect_uri,
    access_type: 'DIRECT',
  });
  const email = `${randomUUID()}@example.org`;
  const user = await auth.createUser({ email, password, second_factor_required: false });
  await auth.grantRole({ user_id: user.id, role, client_id });
  const account = { email, password, client_id, client_secret: secret!, redirect_uri, scope: scopes.join(' ') };
  const holder = { scopes, headers: { authorization: `Bearer ${await stage.api.signIn(account)}` } };
  holders.push(holder);
  return holder;
}
const password = 'A-long-passphrase-of-a-test-1';

async function sessionToken(): Promise<string> {
  const { email, password } = stage.sign_ins.mis;
  const token = {
    grant_type: 'password',
    email,
    password,
    client_id: stage.sign_ins.login_client_id,
    scope: 'app:authorize',
  };
  return (await stage.api.expect('POST', '/oauth/tokens', { body: { token } })).body.data.value;
}

/** A path with ids of things that are there, or of nothing. */
function pathOf({ path }: Route) {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name!);
  const values = names.map((name) => {
    if (name === 'number') return fc.constantFrom('1', '2', '0', 'x');
    if (name === 'phone_number') return fc.constant('%2B380670000009');
    if (name === 'name') return fc.constantFrom('GENDER', marker);
    return fc.constantFrom(...ids, randomUUID(), 'A'.repeat(32), '1');
  });
  return fc.tuple(...values).map((all) => path.replace(/:\w+/g, () => encodeURI(all.shift()!)));
}

let callers = 0;
/** From another address each time: the limits of public routes are for others to test. */
function send({ method }: Route, path: string, headers: Record<string, string>, body?: Buffer) {
  const all = { ...(body ? { 'content-type': 'application/json' } : {}), ...headers };
  return sendFrom(++callers, stage.platform.address, { method, path, headers: all, body });
}

/** Whoever searches often is told to stop, whatever they ask. */
const budgeted = ['/api/persons', '/api/persons/search'];

function assertEnvelope(route: Route, answer: { status: number; text: string }, sent: unknown) {
  const what = `${route.method} ${route.path} answered ${answer.status} to ${JSON.stringify(sent)?.slice(0, 400)}`;
  assert.ok(answer.status < 500 && (answer.status !== 429 || budgeted.includes(route.path)), what);
  if (!answer.text.startsWith('{')) return assert.equal(answer.status, 200, what);
  const { meta, error } = JSON.parse(answer.text);
  assert.equal(meta.code, answer.status, what);
  assert.match(meta.request_id, /^[\w-]{8,}$/, what);
  if (answer.status < 400) return;
  assert.ok(error.type && error.code && error.message, what);
  for (const { entry, rules } of error.invalid ?? [])
    assert.ok(String(entry).startsWith('$') && rules.length > 0, `${what}: ${entry}`);
  assert.ok(!/node_modules|\.ts:\d|select |insert into/.test(answer.text), `${what}: a trace leaks`);
}

test('every route of the served description that takes a body is among them', async () => {
  const { paths } = await (await fetch(`${stage.platform.address}/api/openapi.json`)).json();
  const described = Object.entries<Record<string, { requestBody?: unknown }>>(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { requestBody }]) =>
      requestBody === undefined ? [] : [`${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`],
    ),
  );
  const sent = routes.flatMap(({ method, path, also = [] }) => [
    `${method} ${path}`,
    ...also.map((one) => `${one.method ?? method} ${one.path}`),
  ]);
  assert.ok(described.length > 30, `${described.length} routes`);
  assert.deepEqual(described.sort(), sent.sort());
});

for (const route of routes) {
  test(`${route.method} ${route.path} takes or refuses whatever its schema nearly allows`, async () => {
    const headers = await headersFor(route);
    let understood = 0;
    await fc.assert(
      fc.asyncProperty(pathOf(route), bodyOf(route.body), async (path, body) => {
        const answer = await send(route, path, headers, Buffer.from(JSON.stringify(body) ?? ''));
        assertEnvelope(route, answer, body);
        if (![401, 403].includes(answer.status) || route.access.kind === 'public') understood += 1;
      }),
      { numRuns: 60 },
    );
    assert.ok(understood > 0, 'no call was let in');
  });

  test(`${route.method} ${route.path} refuses what is no JSON, no UTF-8 or too much`, async () => {
    const headers = await headersFor(route);
    const path = route.path.replace(/:(\w+)/g, (_, name) => (name === 'phone_number' ? '%2B380670000009' : ids[0]!));
    const limit = route.body_limit_bytes ?? 1_048_576;
    const cases: [string, Buffer, number[]][] = [
      ['broken', Buffer.from('{"a": '), [400, 404, 422]],
      ['not UTF-8', Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0xfe, 0x22, 0x7d]), [400, 404, 422]],
      ['a lone surrogate', Buffer.from('{"a":"\\ud800"}'), [400, 404, 422]],
      ['a zero', Buffer.from('{"a":"\\u0000"}'), [400, 404, 422]],
      ['too deep', Buffer.from(`${'['.repeat(5_000)}${']'.repeat(5_000)}`), [400, 404, 422]],
      ['too large', Buffer.from(`{"a":"${'x'.repeat(limit)}"}`), [413]],
    ];
    for (const [name, body, expected] of cases) {
      const answer = await send(route, path, headers, body);
      assertEnvelope(route, answer, name);
      assert.ok(expected.includes(answer.status), `${route.method} ${route.path}, ${name}: ${answer.status}`);
    }
    const form = await send(route, path, { ...headers, 'content-type': 'text/xml' }, Buffer.from('<a/>'));
    assertEnvelope(route, form, 'XML');
    assert.equal(form.status, 415);
  });
}

/** As they stand in an address. */
const odd_values = [
  ...['', 'x', '0', '-1', '1.5', '1e3', '10000', '2147483648', '99999999999999999999', '%5B%5D', 'null', '%00', '%FF'],
  ...['2026-13-45', '0000-00-00', '%27%3B--', encodeURIComponent(marker), 'x'.repeat(3_000)],
];

for (const route of searches) {
  test(`GET ${route.path} takes or refuses whatever its query holds`, async () => {
    const headers = await headersFor(route);
    const paths = ids.map((id) => route.path.replace(/:\w+/g, id));
    const found = await Promise.all(paths.map(async (path) => (await send(route, path, headers)).status !== 404));
    const path = paths[Math.max(0, found.indexOf(true))]!;
    const names = Object.keys(route.query!.properties);
    const queries = names.flatMap((name) => [
      ...odd_values.map((value) => `${name}=${value}`),
      `${name}=1&${name}=2`,
      `${name}[]=1`,
    ]);
    for (const query of [...queries, 'nobody_knows=1', '__proto__=1', '%'])
      assertEnvelope(route, await send(route, `${path}?${query}`, headers), query);
  });
}

test('nothing of a body, a person or a secret was written to the log', async () => {
  await stage.platform.runJob('find_signals');
  const log = written.join('');
  assert.ok(written.length > 5, `${written.length} lines`);
  const doctor = country.clinic(0).employees.find((one) => one.employee_type === 'DOCTOR')!;
  const { phone_number } = person.authentication_methods[0] as { phone_number: string };
  const forbidden = [
    marker,
    encodeURIComponent(marker),
    person.last_name,
    person.tax_id!,
    phone_number,
    phone_number.slice(1),
    doctor.party.email,
    doctor.party.last_name,
    doctor.party.tax_id,
    clinic.doctor.token,
    clinic.client_secret,
    stage.sign_ins.mis.client_secret,
    stage.sign_ins.mis.password,
    stage.sign_ins.mis.email,
  ];
  for (const text of forbidden) assert.ok(!log.includes(text), `the log holds ${text.slice(0, 40)}`);
});
