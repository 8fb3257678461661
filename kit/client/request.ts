import type { RouteDeclaration } from '../contract/route.ts';

export type WireRequest = { method: string; path: string; headers: Record<string, string>; body?: string };

/** How a route is reached: all that a client needs of its declaration at run time. */
export type RouteAddress = Pick<RouteDeclaration, 'method' | 'path'>;

/** A call's input when its types are no longer known. */
export type AnyInput = { params?: Record<string, unknown>; query?: Record<string, unknown>; body?: unknown };

/** A call of a route as it goes over the wire. */
export function requestOf(route: RouteAddress, input: AnyInput, headers: Record<string, string>): WireRequest {
  const { method } = route;
  const path = pathOf(route.path, input);
  if (input.body === undefined) return { method, path, headers };
  return {
    method,
    path,
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(input.body),
  };
}

function pathOf(pattern: string, { params = {}, query = {} }: AnyInput): string {
  const path = pattern.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(params[name])));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) for (const one of [value].flat()) search.append(name, String(one));
  }
  return search.size === 0 ? path : `${path}?${search}`;
}
