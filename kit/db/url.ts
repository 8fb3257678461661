/** A copy of a PostgreSQL URL with another database, user or password. */
export function connectionUrl(url: string, changes: { database?: string; user?: string; password?: string }): string {
  const changed = new URL(url);
  if (changes.database !== undefined) changed.pathname = `/${changes.database}`;
  if (changes.user !== undefined) changed.username = changes.user;
  if (changes.password !== undefined) changed.password = changes.password;
  return changed.toString();
}
