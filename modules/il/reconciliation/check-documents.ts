import type { ListedContainer } from '@zdravo/mcs';
import { isSettled, page_size, pagesOf, type Run } from './run.ts';

/** Types of signed containers that are no declarations. */
const types = ['legal_entity_registration'];

/** The log knows every signed document, as received and upgraded; what it lost is told to Operations again. */
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
      await checkPage(
        run,
        resource_type,
        page.filter((one) => isSettled(run, one.stored_at)),
      );
    }
  }
}

async function checkPage(run: Run, type: string, containers: readonly ListedContainer[]): Promise<void> {
  const { deps, findings, context } = run;
  const ids = containers.map(({ resource_id }) => resource_id);
  const known = new Map(
    (await deps.ops.findDocumentStates({ body: { ids } }, context)).map(({ id, version }) => [id, version]),
  );
  const lost = containers.filter(({ resource_id, level }) => (known.get(resource_id) ?? 0) < (level ? 2 : 1));
  for (const container of lost)
    await findings.repair('document_unlogged', container.resource_id, () => logAgain(run, type, container));
}

async function logAgain(
  { deps, context }: Run,
  type: string,
  { resource_id: id, sha256, level }: ListedContainer,
): Promise<boolean> {
  const params = { id };
  await deps.ops.putSignedDocument({ params, body: { type, sha256 } }, context);
  if (!level) return true;
  const form = 'signed_content.upgraded';
  const upgraded = await deps.mcs.recoverSignedContainer({ resource_type: type, resource_id: id, form });
  if (!upgraded) return false;
  await deps.ops.putDocumentUpgrade({ params, body: { sha256: upgraded.sha256, level } }, context);
  return true;
}
