import type { McsDeps, Resource } from './deps.ts';

/** A page of resources with documents that became nobody's, by the resource's id; what came of them, their module knows. */
export type UnassignedPage = {
  resource_type: string;
  stored_before: string;
  after?: string | undefined;
  limit: number;
};

/** Those whose quarantine is empty. @returns the ids of the resources. */
export async function listUnassigned({ db }: McsDeps, page: UnassignedPage): Promise<string[]> {
  let query = db
    .selectFrom('mcs.objects as object')
    .select('object.resource_id')
    .distinct()
    .where('object.resource_type', '=', page.resource_type)
    .where('object.person_id', 'is', null)
    .where('object.stored_at', '<', page.stored_before)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('mcs.uploads as upload')
            .select('upload.id')
            .whereRef('upload.object_id', '=', 'object.id')
            .where('upload.removed_at', 'is', null),
        ),
      ),
    );
  if (page.after !== undefined) query = query.where('object.resource_id', '>', page.after);
  const rows = await query.orderBy('object.resource_id').limit(page.limit).execute();
  return rows.map(({ resource_id }) => resource_id);
}

/**
 * Forgets the documents of a resource that are nobody's: the key first, so that no copy opens, then files and rows. Broken off
 * anywhere, the rows are still there and it is done again; what a person has is left alone.
 */
export async function forgetDocuments(deps: McsDeps, { resource_type, resource_id }: Resource): Promise<void> {
  const objects = await deps.db
    .selectFrom('mcs.objects')
    .select(['id', 'bucket', 'key'])
    .where('resource_type', '=', resource_type)
    .where('resource_id', '=', resource_id)
    .where('person_id', 'is', null)
    .execute();
  if (objects.length === 0) return;
  await deps.keys.drop(resource_id);
  for (const { bucket, key } of objects) await deps.store.delete({ bucket, key });
  const ids = objects.map(({ id }) => id);
  await deps.db.transaction().execute(async (transaction) => {
    await transaction.deleteFrom('mcs.uploads').where('object_id', 'in', ids).execute();
    await transaction.deleteFrom('mcs.objects').where('id', 'in', ids).where('person_id', 'is', null).execute();
  });
}
