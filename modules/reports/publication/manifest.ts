import { createHash } from 'node:crypto';
import { canonicalJson } from '@zdravo/tlog';
import type { OpenData } from './open-tables.ts';
import type { OpenFile } from './tables.ts';

export const manifest_format = 'zdravo-capitation/1';

export type ManifestRun = {
  billing_month: string;
  billing_moment: string;
  positions: unknown;
  revision: number | null;
  digest: string | null;
  code_version: string;
};

/** What a month's files are, what they were made of, and their checksums, as RFC 8785 bytes: this is what is signed. */
export function manifestOf(
  run: ManifestRun,
  data: OpenData,
  files: readonly OpenFile[],
  smallest_cell: number,
): Uint8Array {
  return canonicalJson({
    format: manifest_format,
    billing_month: run.billing_month,
    billing_moment: run.billing_moment,
    input: { positions: run.positions },
    rates: { table: 'capitation', revision: run.revision, digest: run.digest },
    code_version: run.code_version,
    randomness: 'none',
    smallest_cell,
    is_complete: data.is_complete,
    totals: data.totals,
    currency: 'UAH',
    files: files.map(({ name, bytes, content_type }) => ({
      name,
      content_type,
      size: bytes.length,
      sha256: sha256(bytes),
    })),
  });
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
