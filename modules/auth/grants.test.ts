import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createAuthFixture, type Fixture, password, redirect_uri } from './testing/auth-fixture.ts';

let fixture: Fixture;
before(async () => {
  fixture = await createAuthFixture();
});
after(() => fixture.close());

test('a password earns the login pages a session and the next step is consent', async () => {
  const user = await fixture.newUser();
  const answer = await fixture.signIn({ ...user, email: user.email.toUpperCase() });
  assert.equal(answer.status, 201);
  assert.equal(answer.urgent.next_step, 'REQUEST_APPS');
  assert.equal(answer.data.name, 'access_token');
  assert.match(answer.data.value, /^[A-Za-z0-9]{32}$/);
  assert.equal(answer.data.user_id, user.id);
  assert.equal(answer.data.details.scope, 'app:authorize');
  assert.equal(answer.data.details.refresh_token, undefined);
});

test('the whole way: consent, code, tokens, a call behind the MIS, refresh with the same scope', async () => {
  const user = await fixture.newUser();
  const session = (await fixture.signIn(user)).data.value;
  const scope = 'employee:read legal_entity:read';
  const body = { app: { client_id: fixture.clinic.id, redirect_uri, scope, state: 'a b&c=d' } };
  const consent = await fixture.call('POST', '/oauth/apps/authorize', { token: session, body });
  assert.equal(consent.status, 201);
  const location = new URL(String(consent.headers['location']));
  assert.equal(location.searchParams.get('state'), 'a b&c=d');
  assert.equal(location.searchParams.get('from'), 'zdravo');
  const exchanged = await fixture.exchange(location.searchParams.get('code')!, { scope });
  assert.equal(exchanged.status, 201);
  assert.equal(exchanged.data.details.scope, scope);
  assert.equal(exchanged.data.details.client_id, fixture.clinic.id);
  const principal = await fixture.auth.findPrincipal({ token: exchanged.data.value, api_key: fixture.mis.secret });
  assert.deepEqual([...principal.scopes].sort(), ['employee:read', 'legal_entity:read']);
  assert.equal(principal.client_type, 'MSP');
  assert.equal(principal.broker_id, fixture.mis.id);
  const refreshed = await fixture.refresh(exchanged.data.details.refresh_token);
  assert.equal(refreshed.status, 201);
  assert.equal(refreshed.data.details.scope, scope);
  assert.notEqual(refreshed.data.details.refresh_token, exchanged.data.details.refresh_token);
});

test('wrong password and unknown e-mail are told alike', async () => {
  const user = await fixture.newUser();
  const token = {
    grant_type: 'password',
    email: user.email,
    password: 'wrong',
    client_id: fixture.login_client_id,
    scope: '',
  };
  const wrong = await fixture.call('POST', '/oauth/tokens', { body: { token } });
  const unknown = await fixture.call('POST', '/oauth/tokens', {
    body: { token: { ...token, email: 'nobody@example.org' } },
  });
  assert.equal(wrong.status, 401);
  assert.deepEqual(wrong.error, unknown.error);
  assert.equal(wrong.error.type, 'access_denied');
});

test('sign-in refuses unknown clients, clients without the grant, and scopes beyond the client type', async () => {
  const user = await fixture.newUser();
  const token = {
    grant_type: 'password',
    email: user.email,
    password,
    client_id: fixture.login_client_id,
    scope: 'app:authorize',
  };
  const attempt = (changes: object) =>
    fixture.call('POST', '/oauth/tokens', { body: { token: { ...token, ...changes } } });
  assert.equal((await attempt({ client_id: randomUUID() })).error.message, 'Invalid client id.');
  assert.equal((await attempt({ client_id: fixture.clinic.id })).status, 401);
  const refused = await attempt({ scope: 'app:authorize person:read' });
  assert.equal(refused.status, 422);
  assert.equal(refused.error.message, 'Scope is not allowed by client type.');
});

test('a body is checked for the members of its grant type', async () => {
  const post = (body: unknown) => fixture.call('POST', '/oauth/tokens', { body });
  assert.equal((await post({})).error.invalid[0]!.entry, '$.token');
  assert.equal((await post({ token: {} })).error.invalid[0]!.entry, '$.token.grant_type');
  assert.equal((await post({ token: { grant_type: 'magic' } })).status, 422);
  const entries = (await post({ token: { grant_type: 'refresh_token' } })).error.invalid.map(
    (one: { entry: string }) => one.entry,
  );
  assert.deepEqual(entries.sort(), ['$.token.client_id', '$.token.client_secret', '$.token.refresh_token']);
  assert.equal(
    (await post({ token: { grant_type: 'password', client_id: 'x', email: 'a@b', password: 'p', scope: '' } })).status,
    422,
  );
});

test('consent refuses foreign addresses, however alike they look', async () => {
  const user = await fixture.newUser();
  const token = (await fixture.signIn(user)).data.value;
  const attempts = [
    `${redirect_uri}/more`,
    `${redirect_uri}&x=1`,
    redirect_uri.slice(0, -1),
    `${redirect_uri}#x`,
    redirect_uri.toUpperCase(),
    'https://mis.example.evil.org/callback?from=zdravo',
    'https://mis.example@evil.org/callback?from=zdravo',
    'javascript:alert(1)',
    `${redirect_uri} `,
    '',
  ];
  for (const address of attempts) {
    const body = { app: { client_id: fixture.clinic.id, redirect_uri: address, scope: 'employee:read' } };
    const answer = await fixture.call('POST', '/oauth/apps/authorize', { token, body });
    assert.equal(answer.status, 401, address);
    assert.equal(answer.headers['location'], undefined);
  }
});

test('whoever holds a link learns which client asks, only under the registered address, and nothing of others', async () => {
  const app = (query: Record<string, string>) =>
    fixture.call('GET', `/oauth/apps/authorize?${new URLSearchParams(query)}`, {});
  const client_id = fixture.clinic.id;
  const known = await app({ client_id, redirect_uri });
  assert.equal(known.status, 200);
  assert.deepEqual(Object.keys(known.data), ['client_id', 'client_name']);
  assert.equal(known.data.client_id, client_id);
  const refusals: [Record<string, string>, number, string][] = [
    [{ client_id: randomUUID(), redirect_uri }, 401, 'client_invalid'],
    [{ client_id, redirect_uri: `${redirect_uri}x` }, 401, 'redirect_uri_invalid'],
    [{ client_id: 'x', redirect_uri }, 422, 'validation_failed'],
    [{ client_id }, 422, 'validation_failed'],
  ];
  for (const [query, status, code] of refusals) {
    const refused = await app(query);
    assert.deepEqual([refused.status, refused.error.code], [status, code]);
  }
  await fixture.auth.blockClient(client_id, { blocked: true, reason: 'test' });
  assert.equal((await app({ client_id, redirect_uri })).error.code, 'client_blocked');
  await fixture.auth.blockClient(client_id, { blocked: false });
});

test('consent keeps to the client type and to the user’s roles for that client', async () => {
  const user = await fixture.newUser({ roles: ['DOCTOR'] });
  const token = (await fixture.signIn(user)).data.value;
  const consent = (scope: string) =>
    fixture.call('POST', '/oauth/apps/authorize', {
      token,
      body: { app: { client_id: fixture.clinic.id, redirect_uri, scope } },
    });
  assert.equal((await consent('global_parameters:write')).error.message, 'Scope is not allowed by client type.');
  assert.equal(
    (await consent('employee:write')).error.message,
    'User requested scope that is not allowed by role based access policies.',
  );
  assert.equal((await consent('')).status, 422);
  assert.equal((await consent('declaration_request:sign')).status, 201);
});

test('consent needs a session of the login pages', async () => {
  const user = await fixture.newUser();
  const { access } = await fixture.getTokens(user);
  const body = { app: { client_id: fixture.clinic.id, redirect_uri, scope: 'employee:read' } };
  const refused = await fixture.call('POST', '/oauth/apps/authorize', {
    token: access,
    api_key: fixture.mis.secret,
    body,
  });
  assert.equal(refused.status, 403);
  assert.match(refused.error.message, /Missing allowances: app:authorize$/);
  assert.equal((await fixture.call('POST', '/oauth/apps/authorize', { body })).status, 401);
});

test('a code is bound to its client, its address and its secret', async () => {
  const user = await fixture.newUser();
  const code = await fixture.getCode(user);
  assert.equal(
    (await fixture.exchange(code, { client_secret: 'wrong' })).error.message,
    'Invalid client id or secret.',
  );
  assert.equal((await fixture.exchange(code, { client_id: randomUUID() })).status, 401);
  assert.equal((await fixture.exchange(code, { redirect_uri: 'https://evil.example/' })).status, 401);
  assert.equal((await fixture.exchange(code, { scope: 'person:read' })).status, 422);
  assert.equal((await fixture.exchange('A'.repeat(32))).error.message, 'Token not found.');
  assert.equal((await fixture.exchange(code, { scope: 'employee:read' })).data.details.scope, 'employee:read');
});

test('a code in another client’s hands ends', async () => {
  const user = await fixture.newUser();
  const code = await fixture.getCode(user);
  assert.equal(
    (await fixture.exchange(code, { client_id: fixture.mis.id, client_secret: fixture.mis.secret })).status,
    401,
  );
  assert.equal((await fixture.exchange(code)).status, 401);
});

test('a code and a refresh token expire', async () => {
  const user = await fixture.newUser();
  const code = await fixture.getCode(user);
  const { refresh } = await fixture.getTokens(user);
  fixture.clock.advance(301_000);
  assert.equal((await fixture.exchange(code)).error.message, 'Token expired.');
  fixture.clock.advance(31 * 86_400_000);
  assert.equal((await fixture.refresh(refresh)).error.message, 'Token expired.');
});

test('a code that comes back ends everything that came of it', async () => {
  const user = await fixture.newUser();
  const code = await fixture.getCode(user);
  const { data } = await fixture.exchange(code);
  await fixture.auth.findPrincipal({ token: data.value, api_key: fixture.mis.secret });
  assert.equal((await fixture.exchange(code)).status, 401);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await assert.rejects(
    fixture.auth.findPrincipal({ token: data.value, api_key: fixture.mis.secret }),
    /Invalid access token/,
  );
  assert.equal((await fixture.refresh(data.details.refresh_token)).status, 401);
});

test('a refresh token that comes back ends everything that came of it', async () => {
  const user = await fixture.newUser();
  const { refresh } = await fixture.getTokens(user);
  const { data } = await fixture.refresh(refresh);
  assert.equal((await fixture.refresh(refresh)).status, 401);
  await assert.rejects(fixture.auth.findPrincipal({ token: data.value, api_key: fixture.mis.secret }));
  assert.equal((await fixture.refresh(data.details.refresh_token)).status, 401);
});

test('a refresh token serves its own client only', async () => {
  const user = await fixture.newUser();
  const { refresh } = await fixture.getTokens(user);
  assert.equal(
    (await fixture.refresh(refresh, { client_id: fixture.mis.id, client_secret: fixture.mis.secret })).status,
    401,
  );
  assert.equal((await fixture.refresh(refresh)).status, 201);
});

test('two exchanges of one code at once: one wins', async () => {
  for (let round = 0; round < 5; round++) {
    const user = await fixture.newUser();
    const code = await fixture.getCode(user);
    const answers = await Promise.all([fixture.exchange(code), fixture.exchange(code)]);
    assert.deepEqual(answers.map((answer) => answer.status).sort(), [201, 401]);
  }
});

test('of 64 parallel refreshes one wins', async () => {
  const user = await fixture.newUser();
  const { refresh } = await fixture.getTokens(user);
  const answers = await Promise.all(Array.from({ length: 64 }, () => fixture.refresh(refresh)));
  assert.equal(answers.filter((answer) => answer.status === 201).length, 1);
  assert.ok(answers.every((answer) => [201, 401].includes(answer.status)));
});

test('after ten failures the eleventh is refused without a look, at once too, and later it is looked at again', async () => {
  const user = await fixture.newUser();
  const body = {
    token: {
      grant_type: 'password',
      email: user.email,
      password: 'wrong',
      client_id: fixture.login_client_id,
      scope: '',
    },
  };
  const answers = await Promise.all(Array.from({ length: 30 }, () => fixture.call('POST', '/oauth/tokens', { body })));
  assert.ok(answers.filter((answer) => answer.status === 401).length <= 10);
  for (let more = 0; more < 10; more++) await fixture.call('POST', '/oauth/tokens', { body });
  const refused = await fixture.signIn(user);
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.headers['retry-after']) > 0);
  fixture.clock.advance(601_000);
  assert.equal((await fixture.signIn(user)).status, 201);
});

test('an expired password is named as such and can be changed, but not to a former or weak one', async () => {
  const user = await fixture.newUser();
  const { access } = await fixture.getTokens(user);
  fixture.clock.advance(91 * 86_400_000);
  assert.equal((await fixture.signIn(user)).error.code, 'password_expired');
  await assert.rejects(fixture.auth.findPrincipal({ token: access, api_key: fixture.mis.secret }));
  const sign_in = { email: user.email, password, client_id: fixture.login_client_id, scope: 'app:authorize' };
  const changing = await fixture.call('POST', '/oauth/tokens/actions/change_password', {
    body: { token: { grant_type: 'change_password', ...sign_in } },
  });
  assert.equal(changing.data.name, 'change_password_token');
  const token = changing.data.value;
  await assert.rejects(fixture.auth.findPrincipal({ token }), /Invalid access token/);
  const update = (next: string) =>
    fixture.call('POST', '/oauth/users/actions/update_password', { token, body: { user: { password: next } } });
  for (const bad of [password, 'short', 'aaaaaaaaaaaaaaaa', `${user.email} and more`]) {
    const refused = await update(bad);
    assert.equal(refused.status, 422, bad);
    assert.equal(refused.error.invalid[0]!.entry, '$.user.password');
  }
  assert.equal((await update('another horse staple')).status, 200);
  assert.equal((await update('a third horse staple')).status, 401);
  assert.equal((await fixture.signIn(user)).status, 401);
});
