import { totalmem } from 'node:os';

const mebibyte = 2 ** 20;
/** Of shared buffers; beyond, the file cache of the operating system serves as well. */
const [least_mib, most_mib] = [512, 4096];

/**
 * Lines of postgresql.conf for a server with a million persons, as `docs/operations/databases.md` gives them: a quarter of
 * the memory, and checkpoints so far apart that a page's first change after one seldom writes the whole page to the log.
 */
export function roomyServer(): string[] {
  const quarter = Math.round(totalmem() / mebibyte / 4);
  const shared_buffers = Math.min(most_mib, Math.max(least_mib, quarter));
  const log = ['min_wal_size=2GB', 'max_wal_size=16GB', 'checkpoint_timeout=15min'];
  return [`shared_buffers=${shared_buffers}MB`, ...log, 'max_connections=300'];
}
