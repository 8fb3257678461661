export type ScopeText = { uk: string; en: string };
export type ScopeTexts = Record<string, ScopeText>;

/** Reads a table of lines `scope | Ukrainian | English`. */
export function scopeTexts(table: string): ScopeTexts {
  return Object.fromEntries(table.trim().split('\n').map(scopeLine));
}

function scopeLine(line: string): [string, ScopeText] {
  const [scope, uk, en] = line.split('|').map((cell) => cell.trim());
  if (!scope || !uk || !en)
    throw new Error(`a line "scope | Ukrainian | English" expected, found ${JSON.stringify(line)}`);
  return [scope, { uk, en }];
}
