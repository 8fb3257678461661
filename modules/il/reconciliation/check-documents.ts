import type { ListedContainer } from '@zdravo/mcs';
import { isSettled, page_size, pagesOf, type Run } from './run.ts';

/** Types of signed containers that are no declarations. */
const types = ['legal_entity_registration'];

/**
 * The log knows every signed document, as received and upgraded. Operations keeps what it has under the same id, so that what is
 * told again changes nothing; what it records now is what it did not know.
 */
export async function checkDocuments(run: Run): Promise<void> {
  for (const resource_type of types) {
    const read = (after: string | undefined) =>
      run.deps.mcs.listSignedContainers({
        resource_type,
        limit: page_size,
        ...(after === undefined ? {} : { after }),
      });
    for await (const page of pagesOf(read, (container) => container.resource_id)) {
      run.findings.looked('signed documents', page.length);
      const settled = page.filter((one) => isSettled(run, one.stored_at));
      const upgraded = await upgradesOf(run, resource_type, settled);
      for (const container of settled)
        await checkDocument(run, resource_type, container, upgraded.get(container.resource_id));
    }
  }
}

async function upgradesOf({ deps }: Run, resource_type: string, containers: readonly ListedContainer[]) {
  const resource_ids = containers.filter(({ level }) => level !== null).map(({ resource_id }) => resource_id);
  const found = await deps.mcs.findSignedContainers({ resource_type, resource_ids, form: 'signed_content.upgraded' });
  return new Map(found.map(({ resource_id, sha256 }) => [resource_id, sha256]));
}

async function checkDocument(
  { deps, findings, context, started_at }: Run,
  type: string,
  { resource_id: id, sha256, level }: ListedContainer,
  upgraded_sha256: string | undefined,
): Promise<void> {
  const params = { id };
  try {
    const told = [await deps.ops.putSignedDocument({ params, body: { type, sha256 } }, context)];
    if (level && upgraded_sha256)
      told.push(await deps.ops.putDocumentUpgrade({ params, body: { sha256: upgraded_sha256, level } }, context));
    if (told.some(({ recorded_at }) => new Date(recorded_at) >= started_at))
      await findings.repair('document_unlogged', id, async () => true);
  } catch (error) {
    deps.log.warn({ err: error, document_id: id }, 'a signed document could not be logged again');
    findings.open('document_unlogged', id);
  }
}
