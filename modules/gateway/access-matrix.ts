import { randomUUID } from 'node:crypto';
import type { Contract, RouteDeclaration } from '@zdravo/kit/contract';

/** Somebody who calls: `scopes` as their token holds them, the headers that prove it. Without headers: nobody. */
export type Holder = { name: string; scopes: readonly string[]; headers: Record<string, string> };

/** Calls a route and tells the status of the answer: in process or over HTTP. */
export type Knock = (method: string, path: string, headers: Record<string, string>) => Promise<number>;

/** An answer at the door that differs from what the contract declares. */
export type AccessMismatch = { holder: string; route: string; expected: 'admitted' | 401 | 403; status: number };

/**
 * Knocks at every route, by every spelling, as every holder, and compares who is let in with the declared access. For
 * tests of who may do what: an empty list is what they want. Bodies are left out, so that nothing is done behind the door.
 * Routes with a limit per address are passed over: here one address knocks at everything.
 */
export async function findAccessMismatches(
  knock: Knock,
  contract: Contract,
  holders: readonly Holder[],
): Promise<AccessMismatch[]> {
  const mismatches: AccessMismatch[] = [];
  for (const route of Object.values(contract)) {
    if (route.rate_limit_per_minute !== undefined) continue;
    for (const { method, path } of spellingsOf(route)) {
      for (const holder of holders) {
        const status = await knock(method, withIds(path), holder.headers);
        const expected = expectedAt(route, holder);
        if (!fits(expected, status))
          mismatches.push({ holder: holder.name, route: `${method} ${path}`, expected, status });
      }
    }
  }
  return mismatches;
}

function spellingsOf(route: RouteDeclaration) {
  const others = (route.also ?? []).map(({ method, path }) => ({ method: method ?? route.method, path }));
  return [{ method: route.method, path: route.path }, ...others];
}

/** Ids that nothing has. */
function withIds(path: string): string {
  return path.replace(/:\w+/g, () => randomUUID());
}

function expectedAt({ access }: RouteDeclaration, holder: Holder): AccessMismatch['expected'] {
  if (access.kind === 'public') return 'admitted';
  if (Object.keys(holder.headers).length === 0) return 401;
  if (access.kind !== 'scopes') return 'admitted';
  return access.scopes.every((scope) => holder.scopes.includes(scope)) ? 'admitted' : 403;
}

/** Behind the door a route may refuse for reasons of its own, also with 403; before it, it must refuse as declared. */
function fits(expected: AccessMismatch['expected'], status: number): boolean {
  if (expected !== 'admitted') return status === expected;
  return status !== 429 && status < 500;
}
