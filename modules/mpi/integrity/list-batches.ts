import type { VersionBatch } from '../contract.ts';
import type { MpiDatabase } from '../deps.ts';

/** Batches of versions, the newest first. */
export async function listVersionBatches(
  db: MpiDatabase,
  { before, limit }: { before?: number; limit: number },
): Promise<VersionBatch[]> {
  const newest = db.selectFrom('mpi.version_batches').selectAll().orderBy('position', 'desc').limit(limit);
  const rows = await (before === undefined ? newest : newest.where('position', '<', before)).execute();
  return rows.map((row) => ({ ...row, root: row.root.toString('hex') }));
}
