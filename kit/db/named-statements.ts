import pg from 'pg';

/** A text that came so often is worth a plan of its own. */
const uses_before_naming = 3;
const most_names = 200;
const star = /(?:\.|select |returning |, )\*/i;

/**
 * Decides which statements of a pool are prepared: those that come again and again, so that the server parses and plans
 * them once per connection. Never those that ask for `*`: their plan would fail when a migration adds a column.
 */
export function createStatementNames(): (text: string) => string | undefined {
  const names = new Map<string, string>();
  const uses = new Map<string, number>();
  return (text) => {
    const known = names.get(text);
    if (known !== undefined) return known;
    if (names.size >= most_names || star.test(text)) return undefined;
    const count = (uses.get(text) ?? 0) + 1;
    if (count < uses_before_naming) {
      if (uses.size > 10 * most_names) uses.clear();
      uses.set(text, count);
      return undefined;
    }
    uses.delete(text);
    const name = `z${names.size + 1}`;
    names.set(text, name);
    return name;
  };
}

/** A connection that prepares what `nameOf` names; everything else goes as it came. */
export function namingClient(nameOf: (text: string) => string | undefined): typeof pg.Client {
  return class extends pg.Client {
    // biome-ignore lint/suspicious/noExplicitAny: node-postgres's own signature has a dozen forms
    override query(...given: any[]): any {
      const [text, values] = given;
      const name = typeof text === 'string' && Array.isArray(values) && values.length > 0 ? nameOf(text) : undefined;
      const config = name === undefined ? given : [{ name, text, values }, ...given.slice(2)];
      return (super.query as (...config: unknown[]) => unknown)(...config);
    }
  } as typeof pg.Client;
}
