import pg from 'pg';

/** A text that came so often is worth a plan of its own. */
const uses_before_naming = 3;
const most_names = 200;

/**
 * Decides which statements of a pool are prepared: those that come again and again, so that the server parses and plans
 * them once per connection. Never those that answer `*`: their plan would fail when a migration adds a column.
 */
export function createStatementNames(): (text: string) => string | undefined {
  const names = new Map<string, string>();
  const uses = new Map<string, number>();
  return (text) => {
    const known = names.get(text);
    if (known !== undefined || names.size >= most_names) return known;
    const count = (uses.get(text) ?? 0) + 1;
    if (uses.size > 10 * most_names) uses.clear();
    uses.set(text, count);
    if (count !== uses_before_naming || answersEveryColumn(text)) return undefined;
    uses.delete(text);
    const name = `z${names.size + 1}`;
    names.set(text, name);
    return name;
  };
}

const literal = /'[^']*'/g;
const innermost = /\([^()]*\)/g;
/** What `unnest` answers has the columns that stand beside it. */
const star = /(?:\.|select |returning |, )\*(?!\s+from\s+unnest)/i;

/** Whether the columns of the answer are those of a table as it happens to be. A star inside parentheses is settled there. */
function answersEveryColumn(text: string): boolean {
  let outermost = text.replaceAll(literal, "''");
  for (let before = ''; before !== outermost; ) {
    before = outermost;
    outermost = outermost.replaceAll(innermost, ' ');
  }
  return star.test(outermost);
}

/** What node-postgres takes in a dozen forms, and its answer. */
type Query = (...given: unknown[]) => unknown;

/** A connection that prepares what `nameOf` names; everything else goes as it came. */
export function namingClient(nameOf: (text: string) => string | undefined): typeof pg.Client {
  return class extends pg.Client {
    // biome-ignore lint/suspicious/noExplicitAny: node-postgres's own signature has a dozen forms
    override query(...given: any[]): any {
      const [text, values] = given;
      const name = typeof text === 'string' && Array.isArray(values) && values.length > 0 ? nameOf(text) : undefined;
      const config = name === undefined ? given : [{ name, text, values }, ...given.slice(2)];
      const query: Query = super.query.bind(this);
      return answersByItself(config) ? query(...config) : answerOf(query, config);
    }
  } as typeof pg.Client;
}

/** With a callback, or as a stream (COPY). */
function answersByItself(config: readonly unknown[]): boolean {
  return typeof config.at(-1) === 'function' || typeof (config[0] as { submit?: unknown }).submit === 'function';
}

/**
 * The promise that node-postgres would give, made here. Its own assigns a function literal to a property of each query, and V8 lays
 * such functions into the old generation at once: whatever they see, which is the query with its values and its rows, outlives every
 * scavenge and dies with the next major collection only. Four of those in ten seconds came from this.
 */
async function answerOf(query: Query, config: readonly unknown[]): Promise<unknown> {
  try {
    return await new Promise((resolve, reject) => {
      query(...config, (error: unknown, result: unknown) => (error ? reject(error) : resolve(result)));
    });
  } catch (error) {
    // From here the trace leads to whoever asked, not to the socket.
    Error.captureStackTrace(error as Error);
    throw error;
  }
}
