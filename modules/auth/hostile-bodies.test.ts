import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { GrantBodies, grant_types } from './contract/models.ts';
import { contract } from './contract.ts';
import { createAuthFixture, type Fixture } from './testing/auth-fixture.ts';

let fixture: Fixture;
let session: string;
before(async () => {
  fixture = await createAuthFixture();
});
after(() => fixture.close());

const member_names = [
  ...new Set(Object.values(GrantBodies).flatMap(({ properties }) => Object.keys(properties.token.properties))),
];
const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom("' or 1=1 --", '<script>', '\u202e', '%00', '../..', '\ud800', '0', '', ' ', 'A'.repeat(5_000)),
  fc.uuid(),
  fc.integer(),
  fc.double(),
  fc.constant(null),
  fc.boolean(),
  fc.array(fc.string(), { maxLength: 3 }),
  fc.dictionary(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), { maxKeys: 3 }),
);
const members = fc.dictionary(fc.constantFrom(...member_names, 'constructor', '__proto__', 'x'), nasty, { maxKeys: 8 });

test('no body whatever makes the token route fail, and none is let in', async () => {
  const body = fc.oneof(
    fc.record({
      token: fc.tuple(fc.constantFrom(...grant_types), members).map(([grant_type, rest]) => ({ ...rest, grant_type })),
    }),
    fc.record({ token: members }),
    fc.jsonValue(),
  );
  await fc.assert(
    fc.asyncProperty(body, async (value) => {
      const { status, text } = await fixture.call('POST', '/oauth/tokens', { token: 'x', body: value });
      assert.ok(status >= 400 && status < 500, `${status} for ${JSON.stringify(value)}`);
      assert.ok(!/\bat .+:\d+:\d+/.test(text));
    }),
    { numRuns: 400 },
  );
});

test('every other route with a body answers nonsense with a refusal', async () => {
  session = (await fixture.signIn(await fixture.newUser())).data.value;
  const routes = Object.values(contract).filter((route) => 'body' in route && route.path !== '/oauth/tokens');
  for (const route of routes) {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.jsonValue(), fc.record({ app: members }), fc.record({ user: members }), members),
        async (value) => {
          const path = route.path.replace(':id', 'x'.repeat(32));
          const { status } = await fixture.call(route.method, path, { token: session, body: value });
          assert.ok(
            (status >= 400 && status < 500) || status === 201,
            `${status} from ${path} for ${JSON.stringify(value)}`,
          );
        },
      ),
      { numRuns: 40 },
    );
  }
});

test('nonsense in addresses and headers is refused', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({ maxLength: 40 }),
      async (part, header) => {
        const encoded = encodeURIComponent(part.toWellFormed()) || 'x';
        for (const path of [
          `/admin/tokens/${encoded}/verify`,
          `/admin/users/${encoded}`,
          `/admin/roles?name=${encoded}`,
        ]) {
          const { status } = await fixture.call('GET', path, { api_key: header });
          assert.ok(status >= 400 && status < 500, `${status} from ${path}`);
        }
      },
    ),
    { numRuns: 60 },
  );
});
