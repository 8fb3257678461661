import { checkUpload } from './approval.ts';
import type { McsDeps } from './deps.ts';
import { quarantinePlace, type Upload } from './uploads.ts';

const batch = 200;
const max_failures = 5;

/** Looks into files as they come in, so that an approval need not wait for it. @returns how many were checked. */
export async function checkNewUploads(deps: McsDeps): Promise<number> {
  let [checked, failures] = [0, 0];
  for await (const upload of openUploads(deps)) {
    try {
      if (await checkUpload(deps, upload)) checked += 1;
    } catch (error) {
      // One file that cannot be checked keeps no other waiting; many mean that the scanner or the store is away.
      failures += 1;
      if (failures >= max_failures) throw error;
      deps.log.warn({ err: error, upload_id: upload.id }, 'an upload could not be checked; it is tried again');
    }
  }
  return checked;
}

/** Those whose address is open or was until an hour ago, page by page. */
async function* openUploads(deps: McsDeps): AsyncGenerator<Upload> {
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const page = await deps.db
      .selectFrom('mcs.uploads')
      .selectAll()
      .where('status', '=', 'issued')
      .where('removed_at', 'is', null)
      .where('expires_at', '>', hoursAgo(deps, 1))
      .where('id', '>', after)
      .orderBy('id')
      .limit(batch)
      .execute();
    yield* page;
    if (page.length < batch) return;
    after = page.at(-1)?.id ?? after;
  }
}

/**
 * Empties the quarantine: what was decided upon goes when its address has expired, never before, or the address would
 * open again; what nobody approved goes after `quarantine_hours`. @returns how many files were removed.
 */
export async function expireQuarantine(deps: McsDeps): Promise<number> {
  let removed = 0;
  for (;;) {
    const count = await removeExpired(deps);
    removed += count;
    if (count < batch) break;
  }
  await forgetOldUploads(deps);
  return removed;
}

async function removeExpired(deps: McsDeps): Promise<number> {
  const now = deps.clock.now().toISOString();
  const uploads = await deps.db
    .selectFrom('mcs.uploads')
    .selectAll()
    .where('removed_at', 'is', null)
    .where('expires_at', '<', now)
    .where((where) =>
      where.or([
        where('status', '!=', 'issued'),
        where('expires_at', '<', hoursAgo(deps, deps.settings.quarantine_hours)),
      ]),
    )
    .orderBy('expires_at')
    .limit(batch)
    .execute();
  for (const upload of uploads) await removeFromQuarantine(deps, upload, now);
  return uploads.length;
}

/**
 * Removes sealed files that no row knows: their writer died before it could record them. Containers are kept, a retry
 * finds them. @returns how many were removed.
 */
export async function removeOrphans(deps: McsDeps): Promise<number> {
  const { clean_bucket: bucket } = deps.settings;
  let removed = 0;
  for await (const { key, modified_at } of deps.store.list({ bucket, prefix: 'documents/' })) {
    if (Date.parse(modified_at) > Date.parse(hoursAgo(deps, 24))) continue;
    const known = await deps.db.selectFrom('mcs.objects').select('id').where('key', '=', key).executeTakeFirst();
    if (known) continue;
    await deps.store.delete({ bucket, key });
    removed += 1;
  }
  return removed;
}

async function removeFromQuarantine(deps: McsDeps, upload: Upload, now: string): Promise<void> {
  await deps.store.delete(quarantinePlace(deps, upload));
  const status = upload.status === 'issued' ? 'expired' : upload.status;
  await deps.db.updateTable('mcs.uploads').set({ removed_at: now, status }).where('id', '=', upload.id).execute();
}

async function forgetOldUploads(deps: McsDeps): Promise<void> {
  await deps.db
    .deleteFrom('mcs.uploads')
    .where('removed_at', '<', hoursAgo(deps, 24 * deps.settings.upload_history_days))
    .execute();
}

function hoursAgo({ clock }: McsDeps, hours: number): string {
  return new Date(clock.now().getTime() - hours * 3_600_000).toISOString();
}
