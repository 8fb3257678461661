import type { HttpServer } from './server.ts';

/** Learns the routes of a server while they are mounted. @returns the methods that an address would be served under. */
export function learnAllowedMethods(app: HttpServer): (url: string) => string[] {
  const methods_by_pattern = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ method, url }) => {
    // A wildcard serves files, or answers browsers that ask ahead: it says nothing of the addresses below it.
    if (url.includes('*')) return;
    const known = methods_by_pattern.get(url) ?? new Set();
    for (const one of [method].flat()) known.add(one);
    methods_by_pattern.set(url, known);
  });
  let patterns: [RegExp, Set<string>][] | undefined;
  return (url) => {
    patterns ??= [...methods_by_pattern].map(([pattern, methods]) => [expressionOf(pattern), methods]);
    const path = url.split('?')[0]!;
    const fitting = patterns.flatMap(([expression, methods]) => (expression.test(path) ? [...methods] : []));
    return [...new Set(fitting)].sort();
  };
}

function expressionOf(pattern: string): RegExp {
  const parts = pattern.split('/').map((part) => (part.startsWith(':') ? '[^/]+' : RegExp.escape(part)));
  return new RegExp(`^${parts.join('/')}/?$`);
}
