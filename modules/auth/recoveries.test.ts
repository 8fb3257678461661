import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { finishRecovery, recoveryJob } from './recoveries.ts';
import { authDeps } from './testing/auth-deps.ts';
import { createAuthFixture, type Fixture } from './testing/auth-fixture.ts';

let fixture: Fixture;
before(async () => {
  fixture = await createAuthFixture();
});
after(() => fixture.close());

/** A carrier that fails the first time: before it took the mail, or after. */
function carrierThatFails(when: 'before' | 'after') {
  const links: string[] = [];
  let is_first = true;
  const deps = authDeps(fixture, {
    deliverRecovery: async ({ link }) => {
      const fails = is_first;
      is_first = false;
      if (!fails || when === 'after') links.push(link);
      if (fails) throw new Error('the connection broke');
    },
  });
  return { deps, links };
}

for (const when of ['before', 'after'] as const)
  test(`an order of a link that failed ${when} its mail was taken is carried out again, and one link serves`, async () => {
    const user = await fixture.newUser();
    const order = { user_id: user.id, expires_at: new Date(fixture.clock.now().getTime() + 60_000).toISOString() };
    const { deps, links } = carrierThatFails(when);
    const { run } = recoveryJob(deps);
    await assert.rejects(run(order, { signal: undefined }), /the connection broke/);
    await run(order, { signal: undefined });
    assert.equal(links.length, when === 'before' ? 1 : 2);
    await finishRecovery(deps, links.at(-1)!, 'a recovered phrase');
    for (const link of links) await assert.rejects(finishRecovery(deps, link, 'another phrase'), { status: 404 });
  });

test('an order that comes too late is not carried out', async () => {
  const { id: user_id } = await fixture.newUser();
  const { deps, links } = carrierThatFails('after');
  const order = { user_id, expires_at: fixture.clock.now().toISOString() };
  await recoveryJob(deps).run(order, { signal: undefined });
  assert.deepEqual(links, []);
});
