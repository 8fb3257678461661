import { type AuthDeps, audit } from './deps.ts';
import { announceRevocation } from './revocations.ts';

export type AuthSeed = {
  /** Scopes by role. */
  roles: Readonly<Record<string, readonly string[]>>;
  /** Scopes by client type. */
  client_types: Readonly<Record<string, readonly string[]>>;
};

/** Writes roles and client types as they should be; safe to repeat, and a changed scope holds at once. */
export async function seedAuth(deps: AuthDeps, { roles, client_types }: AuthSeed): Promise<void> {
  await deps.db.transaction().execute(async (transaction) => {
    let changed = 0n;
    for (const [table, scopes] of [
      ['auth.roles', roles],
      ['auth.client_types', client_types],
    ] as const) {
      const rows = Object.entries(scopes).map(([name, scope]) => ({ name, scope: [...scope] }));
      if (rows.length === 0) continue;
      const { numInsertedOrUpdatedRows } = await transaction
        .insertInto(table)
        .values(rows)
        .onConflict((conflict) =>
          conflict
            .column('name')
            .doUpdateSet(({ ref }) => ({ scope: ref('excluded.scope'), updated_at: deps.clock.now().toISOString() }))
            .whereRef(`${table}.scope`, 'is distinct from', 'excluded.scope' as never),
        )
        .executeTakeFirst();
      changed += numInsertedOrUpdatedRows ?? 0n;
    }
    if (changed === 0n) return;
    await announceRevocation(transaction, {});
    await audit(transaction, undefined, { action: 'seed_roles', resource: 'role', resource_id: null });
  });
}
