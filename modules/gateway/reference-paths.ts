const prefixes = ['/api', '/oauth', '/admin', '/user', '/users', '/reports', '/declarations'];

/** Whether errors of this path wear the reference's envelope (design.md, Errors). */
export function isReferencePath(url: string): boolean {
  const path = url.split('?')[0] ?? url;
  return prefixes.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
}
