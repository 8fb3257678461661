import { carryOut, declarationOf } from '../declaration-requests/carry-out.ts';
import { keyOf, personStates, putPersonAgain } from './persons.ts';
import { isSettled, page_size, pagesOf, type Run } from './run.ts';
import { readSignedContent } from './stored-content.ts';

type Signed = { id: string; signed_at: string | null; updated_at: string };

/**
 * Signed requests and intents whose declaration Operations does not have: it was restored to an earlier point, or nobody
 * finished. They are made again in the order in which they were signed, so that of one person's the last one lives.
 */
export async function checkRequests(run: Run): Promise<void> {
  const missing: Signed[] = [];
  for await (const page of pagesOf(
    (after: string | undefined) => readPage(run, after),
    (row) => row.id,
  )) {
    run.findings.looked('signed requests', page.length);
    missing.push(...(await withoutDeclaration(run, page)));
  }
  missing.sort((one, other) => ((one.signed_at ?? '') < (other.signed_at ?? '') ? -1 : 1));
  for (const { id } of missing) await run.findings.repair('declaration_missing', id, () => finishOrMakeAgain(run, id));
}

async function readPage({ deps }: Run, after: string | undefined): Promise<Signed[]> {
  const query = deps.db
    .selectFrom('il.declaration_requests')
    .select(['id', 'signed_at', 'updated_at'])
    .where('status', 'in', ['SIGNED', 'SIGNING'])
    .orderBy('id')
    .limit(page_size);
  return (after === undefined ? query : query.where('id', '>', after)).execute();
}

async function withoutDeclaration(run: Run, page: Signed[]): Promise<Signed[]> {
  const body = { declaration_request_ids: page.map((one) => one.id) };
  const found = await run.deps.ops.findByRequest({ body }, run.context);
  const known = new Set(found.map((one) => one.declaration_request_id));
  return page.filter((one) => !known.has(one.id) && isSettled(run, one.updated_at));
}

/** An intent holds all that it needs itself; where its key is gone, row and container do. */
async function finishOrMakeAgain(run: Run, id: string): Promise<boolean> {
  const { deps, context } = run;
  const request = await deps.requests.find(id);
  if (request?.status !== 'SIGNING' || !(await deps.request_keys.find(id))) return makeDeclarationAgain(run, id);
  await carryOut(deps, request, context);
  return true;
}

/** Row and container hold all that a declaration is made of; the container's hash stands in the row. Its upgrade is logged anew. */
async function makeDeclarationAgain(run: Run, id: string): Promise<boolean> {
  const { deps, context } = run;
  const request = await deps.requests.find(id);
  if (!request?.container_sha256 || !request.signed_at) return false;
  const { declaration_id, container_sha256: sha256, signed_at: at } = request;
  const content = await readSignedContent(deps, { declaration_id, sha256, at });
  if (!content) return false;
  const named = { id: request.new_person_id, source_id: id };
  const state = (await personStates(run, [named])).get(keyOf(named));
  if (state?.status === 'erased') return false;
  const person = state?.knows_source
    ? { id: state.person_id, pseudonym: state.pseudonym! }
    : await putPersonAgain(run, named, content);
  const declaration = await deps.ops.putDeclaration(
    { params: { id: declaration_id }, body: declarationOf(request, content, person, sha256) },
    context,
  );
  await deps.mcs.assignPerson({ resource_ids: [id, declaration_id], person_id: declaration.person_id });
  await deps.mcs.repeatUpgrade({ resource_type: 'declaration', resource_id: declaration_id });
  return true;
}
