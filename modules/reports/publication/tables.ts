import { canonicalJson } from '@zdravo/tlog';
import { ByteWriter, parquetWrite } from 'hyparquet-writer';

export type Field = { name: string; type: 'string' | 'integer' | 'boolean' | 'number'; description: string };
export type Value = string | number | boolean | null;
export type OpenTable = { name: string; fields: readonly Field[]; rows: readonly Record<string, Value>[] };
export type OpenFile = { name: string; bytes: Uint8Array; content_type: string };

/** One table in three formats and its schema; the same rows give the same bytes. */
export function filesOf(table: OpenTable): OpenFile[] {
  return [
    { name: `${table.name}.csv`, bytes: csvOf(table), content_type: 'text/csv; charset=utf-8; header=present' },
    { name: `${table.name}.json`, bytes: canonicalJson(table.rows), content_type: 'application/json' },
    { name: `${table.name}.parquet`, bytes: parquetOf(table), content_type: 'application/vnd.apache.parquet' },
    { name: `${table.name}.schema.json`, bytes: canonicalJson(schemaOf(table)), content_type: 'application/json' },
  ];
}

/** RFC 4180. Text that a spreadsheet would run as a formula gets an apostrophe in front. */
function csvOf({ fields, rows }: OpenTable): Uint8Array {
  const header = fields.map(({ name }) => name).join(',');
  const lines = rows.map((row) => fields.map(({ name }) => csvValue(row[name] ?? null)).join(','));
  return Buffer.from(`${[header, ...lines].join('\r\n')}\r\n`);
}

function csvValue(value: Value): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) && !/^-?[0-9.]+$/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const parquet_types = { string: 'STRING', integer: 'INT64', boolean: 'BOOLEAN', number: 'STRING' } as const;

/** Exact decimals are text in Parquet too: its own decimal type has a fixed scale. */
function parquetOf({ fields, rows }: OpenTable): Uint8Array {
  const writer = new ByteWriter();
  parquetWrite({
    writer,
    columnData: fields.map(({ name, type }) => ({
      name,
      type: parquet_types[type],
      nullable: true,
      data: rows.map((row) => parquetValue(row[name] ?? null, type)),
    })),
  });
  return new Uint8Array(writer.getBytes());
}

function parquetValue(value: Value, type: Field['type']): unknown {
  if (value === null) return null;
  return type === 'integer' ? BigInt(value as number) : type === 'number' ? String(value) : value;
}

/** Table Schema (specs.frictionlessdata.io/table-schema). */
function schemaOf({ fields }: OpenTable) {
  return { fields: fields.map((field) => ({ ...field })), missingValues: [''] };
}
