import pg from 'pg';

type Column = {
  table: string;
  column: string;
  type: string;
  nullable: boolean;
  generated: boolean;
  has_default: boolean;
};

/**
 * Kysely's table types of one schema, as TypeScript text. Partitions are left out: they are read through their parent.
 * @param schema also prefixes the names: a query says `il.declaration_requests`.
 */
export async function describeTables(url: string, schema: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Column>(columns_query, [schema]);
    return render(schema, rows);
  } finally {
    await client.end();
  }
}

const columns_query = `
  select c.relname as "table", a.attname as "column", format_type(a.atttypid, null) as type,
    not a.attnotnull as nullable, a.attidentity = 'a' or a.attgenerated <> '' as generated,
    a.atthasdef or a.attidentity <> '' as has_default
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where n.nspname = $1 and c.relkind in ('r', 'p', 'v') and not c.relispartition
  order by c.relname, a.attnum`;

function render(schema: string, columns: Column[]): string {
  const by_table = Map.groupBy(columns, (column) => column.table);
  const tables = [...by_table].map(
    ([table, list]) => `  '${schema}.${table}': {\n${list.map(renderColumn).join('\n')}\n  };`,
  );
  const body = `export type Tables = {\n${tables.join('\n')}\n};\n`;
  const used = ['ColumnType', 'Generated', 'GeneratedAlways'].filter((name) => new RegExp(`\\b${name}<`).test(body));
  const imports = used.length > 0 ? `import type { ${used.join(', ')} } from 'kysely';\n\n` : '';
  return `// Generated from the migrated database by \`npm run generate\`; not to be edited.\n${imports}${body}`;
}

function renderColumn({ column, type, nullable, generated, has_default }: Column): string {
  const value = typeOf(type);
  const plain = nullable ? `${value} | null` : value;
  return `    ${column}: ${wrap(plain, { generated, has_default })};`;
}

function wrap(type: string, { generated, has_default }: { generated: boolean; has_default: boolean }): string {
  if (generated) return `GeneratedAlways<${type}>`;
  if (has_default) return `Generated<${type}>`;
  return type;
}

function typeOf(type: string): string {
  if (type.endsWith('[]')) return `${typeOf(type.slice(0, -2))}[]`;
  if (type === 'jsonb' || type === 'json') return 'unknown';
  if (type === 'boolean') return 'boolean';
  if (type === 'bytea') return 'Buffer';
  if (['smallint', 'integer', 'bigint', 'double precision', 'real'].includes(type)) return 'number';
  return 'string';
}
