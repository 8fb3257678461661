import type { Person } from '../declaration-requests/check-request.ts';
import type { IlDeps } from '../deps.ts';
import { openStoredDocument } from '../signed-documents.ts';

/** What a doctor signed, as far as a declaration is made again from it. */
export type SignedContent = Record<string, unknown> & { scope: string; person: Person };

/**
 * The content of a declaration's container: the one whose hash another register holds, so that nothing else can be put in
 * its place. @returns undefined when there is no container. @throws Problem 410 when it was erased, 503.
 */
export async function readSignedContent(
  deps: IlDeps,
  { declaration_id, sha256, at }: { declaration_id: string; sha256: string; at: string },
): Promise<SignedContent | undefined> {
  const resource = { resource_type: 'declaration', resource_id: declaration_id };
  if (!(await deps.mcs.recoverSignedContainer(resource))) return undefined;
  const stored = await deps.mcs.readSignedContainer(resource);
  const document = await openStoredDocument(deps, stored.container, new Date(at));
  if (document.sha256 !== sha256) throw new Error('the stored container is another than the one that was signed');
  return document.content as SignedContent;
}
