import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createAuthFixture, type Fixture, phone } from './testing/auth-fixture.ts';

let fixture: Fixture;
before(async () => {
  fixture = await createAuthFixture({ otp_sends_per_minute: 100, otp_sends_per_day: 1000 });
});
after(() => fixture.close());

const numbers = (function* () {
  for (let next = 1; ; next++) yield `+38067${String(next).padStart(7, '0')}`;
})();

async function signedIn() {
  const number = numbers.next().value as string;
  const user = await fixture.newUser({ phone: number });
  const answer = await fixture.signIn(user);
  return { user, token: answer.data.value, answer, code: lastCode(number), number };
}

function lastCode(number: string): string {
  return fixture.otps.findLast((otp) => otp.phone === number)!.code;
}

function show(token: string | undefined, otp: unknown) {
  const body = { token: { grant_type: 'authorize_2fa_access_token', otp } };
  return fixture.call('POST', '/oauth/tokens', { ...(token === undefined ? {} : { token }), body });
}

function again(token: string) {
  return fixture.call('POST', '/oauth/tokens', { token, body: { token: { grant_type: 'refresh_2fa_access_token' } } });
}

function wrongCode(code: string): string {
  return code === '100000' ? '100001' : '100000';
}

test('with a phone, a password earns only the right to show a code', async () => {
  const { answer, token, code } = await signedIn();
  assert.equal(answer.urgent.next_step, 'REQUEST_OTP');
  assert.equal(answer.data.name, '2fa_access_token');
  assert.equal(answer.data.details.scope, '');
  assert.equal(answer.data.details.scope_request, 'app:authorize');
  assert.match(code, /^[1-9]\d{5}$/);
  await assert.rejects(fixture.auth.findPrincipal({ token }), /Invalid access token/);
  const granted = await show(token, Number(code));
  assert.equal(granted.status, 201);
  assert.equal(granted.urgent.next_step, 'REQUEST_APPS');
  assert.equal(granted.data.details.scope, 'app:authorize');
});

test('a code is accepted as text, and it and its token serve once', async () => {
  const { token, code } = await signedIn();
  assert.equal((await show(token, code)).status, 201);
  assert.equal((await show(token, code)).error.message, 'Token expired');
});

test('of two who show the right code at once one wins', async () => {
  for (let round = 0; round < 5; round++) {
    const { token, code } = await signedIn();
    const answers = await Promise.all(Array.from({ length: 3 }, () => show(token, code)));
    assert.deepEqual(answers.map((answer) => answer.status).sort(), [201, 401, 401]);
  }
});

test('three guesses and no more, also when 64 come at once', async () => {
  const { token, code } = await signedIn();
  const guesses = Array.from({ length: 64 }, (_, index) => String(100_000 + index)).filter((guess) => guess !== code);
  const answers = await Promise.all(guesses.map((guess) => show(token, guess)));
  assert.ok(answers.every((answer) => answer.status === 401));
  assert.equal(answers.filter((answer) => answer.error.code === 'otp_invalid').length, 3);
  assert.equal((await show(token, code)).error.message, 'Invalid OTP code');
});

test('a code expires, serves only its own token, and a new one replaces it', async () => {
  const mine = await signedIn();
  const other = await signedIn();
  if (mine.code !== other.code) assert.equal((await show(mine.token, other.code)).status, 401);
  const fresh = await again(mine.token);
  assert.equal(fresh.status, 201);
  assert.equal(fresh.urgent.next_step, 'REQUEST_OTP');
  assert.equal((await show(mine.token, mine.code)).status, 401);
  assert.equal((await again(mine.token)).status, 401);
  assert.equal((await show(fresh.data.value, lastCode(mine.number))).status, 201);
  const late = await signedIn();
  fixture.clock.advance(301_000);
  assert.equal((await show(late.token, late.code)).status, 401);
});

test('the header and the kind of token are told apart', async () => {
  const { token } = await signedIn();
  const session = (await fixture.signIn(await fixture.newUser())).data.value;
  assert.equal((await show(undefined, 123456)).error.message, 'Authorization header required.');
  assert.equal((await show('a', 123456)).error.message, 'Invalid token');
  assert.equal((await again(session)).error.message, 'Invalid token type');
  assert.equal((await show(token, null)).status, 422);
  assert.equal((await show(token, '12a456')).status, 422);
  assert.equal((await show(token, -1)).status, 422);
});

test('wrong codes count as failed sign-ins', async () => {
  const { user, token, code } = await signedIn();
  let held = token;
  for (let round = 0; round < 4; round++) {
    const current = lastCode(fixture.otps.at(-1)!.phone);
    for (let guess = 0; guess < 3; guess++) await show(held, wrongCode(current));
    held = (await again(held)).data.value;
  }
  assert.equal((await fixture.signIn(user)).status, 429);
  assert.ok(code);
});

test('a first-time user names a phone and confirms it', async () => {
  const user = await fixture.newUser({ second_factor_required: true });
  const first = await fixture.signIn(user);
  assert.equal(first.urgent.next_step, 'REQUEST_FACTOR');
  assert.equal((await show(first.data.value, 123456)).status, 409);
  assert.equal((await again(first.data.value)).status, 409);
  const init = (token: string, body: unknown) =>
    fixture.call('POST', '/oauth/users/actions/init_factor', { token, body });
  assert.equal(
    (await init(first.data.value, { type: 'SMS', factor: 'Skywalker' })).error.invalid[0]!.entry,
    '$.factor',
  );
  assert.equal((await init(first.data.value, { type: 123, factor: phone })).error.invalid[0]!.entry, '$.type');
  const named = await init(first.data.value, { type: 'SMS', factor: phone });
  assert.equal(named.status, 201);
  assert.equal(named.data.name, '2fa_access_token');
  assert.equal(named.data.details, undefined);
  assert.equal((await show(named.data.value, lastCode(phone))).error.message, 'Invalid token type');
  const approve = (otp: unknown) =>
    fixture.call('POST', '/oauth/users/actions/approve_factor', { token: named.data.value, body: { otp } });
  assert.equal((await approve(wrongCode(lastCode(phone)))).error.message, 'Invalid OTP code');
  const approved = await approve(Number(lastCode(phone)));
  assert.equal(approved.status, 201);
  assert.equal(approved.data.name, 'access_token');
  assert.equal((await fixture.signIn(user)).urgent.next_step, 'REQUEST_OTP');
});

test('a password alone cannot move the factor; a full session of the login pages can, and ends with it', async () => {
  const { token, code } = await signedIn();
  const init = (held: string) =>
    fixture.call('POST', '/oauth/users/actions/init_factor', {
      token: held,
      body: { type: 'SMS', factor: '+380991112233' },
    });
  assert.equal((await init(token)).error.message, 'Invalid token type');
  const session = (await show(token, code)).data.value;
  const named = await init(session);
  assert.equal(named.status, 201);
  assert.equal((await init(session)).error.message, 'Token expired');
  const renewed = await again(named.data.value);
  assert.equal(renewed.urgent.next_step, 'APPROVE_FACTOR');
  const otp = lastCode('+380991112233');
  const approved = await fixture.call('POST', '/oauth/users/actions/approve_factor', {
    token: renewed.data.value,
    body: { otp },
  });
  assert.equal(approved.status, 201);
});

test('a program’s access token cannot move the factor', async () => {
  const user = await fixture.newUser();
  const { access } = await fixture.getTokens(user);
  const body = { type: 'SMS', factor: phone };
  const refused = await fixture.call('POST', '/oauth/users/actions/init_factor', { token: access, body });
  assert.equal(refused.error.message, 'Invalid token type');
});

test('codes to one phone are limited, also when they are asked for at once', async () => {
  const limited = await createAuthFixture({ otp_sends_per_minute: 3 });
  try {
    const user = await limited.newUser({ phone });
    const answers = await Promise.all(Array.from({ length: 8 }, () => limited.signIn(user)));
    assert.equal(answers.filter((answer) => answer.status === 201).length, 3);
    assert.equal(answers.filter((answer) => answer.status === 429).length, 5);
    assert.equal(limited.otps.length, 3);
    limited.clock.advance(61_000);
    assert.equal((await limited.signIn(user)).status, 201);
  } finally {
    await limited.close();
  }
});

test('a carrier that fails is told as such', async () => {
  const failing = await createAuthFixture();
  try {
    failing.otps.push = () => {
      throw new Error('no signal');
    };
    const answer = await failing.signIn(await failing.newUser({ phone }));
    assert.equal(answer.status, 503);
    assert.equal(answer.error.code, 'otp_not_sent');
  } finally {
    await failing.close();
  }
});
