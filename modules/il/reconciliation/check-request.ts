import type { Declaration, DeclarationState } from '@zdravo/ops/contract';
import { announceStatus } from '../audit.ts';
import { contentHash } from '../declaration-requests/content-hash.ts';
import type { IlDeps } from '../deps.ts';
import { personHashOf } from '../person-hash.ts';
import { phoneHashOf } from './person-hashes.ts';
import type { Run } from './run.ts';
import { readSignedContent } from './stored-content.ts';

/** A declaration's request is here, and is signed. `status` is that of the request's row. */
export async function checkRequest(run: Run, state: DeclarationState, status: string | undefined): Promise<void> {
  const { findings } = run;
  const { declaration_request_id: id } = state;
  if (status === undefined) await findings.repair('request_missing', id, () => makeAgain(run, state));
  else if (status !== 'SIGNED') await findings.repair('request_unsettled', id, () => settle(run, state));
}

/** What a request's row tells once it is signed, from the declaration and its container. */
async function signedPart({ deps, context }: Run, state: DeclarationState) {
  const declaration = await deps.ops.getDeclaration({ params: { id: state.id } }, context);
  const content = await contentOf(deps, state, declaration);
  return {
    declaration,
    content,
    columns: {
      status: 'SIGNED',
      container_sha256: state.signed_content_sha256,
      content_hmac: content ? contentHash(deps, content) : null,
      signed_by: declaration.created_by,
      signed_at: declaration.signed_at,
      seed: declaration.seed,
      updated_by: declaration.created_by,
      updated_at: deps.clock.now().toISOString(),
    },
  };
}

/** A container that nobody can read any more leaves the rest as it is; that it is so is a finding of its own. */
function contentOf(deps: IlDeps, state: DeclarationState, { signed_at: at }: Declaration) {
  const wanted = { declaration_id: state.id, sha256: state.signed_content_sha256, at };
  return readSignedContent(deps, wanted).catch(() => undefined);
}

/** The database of requests was restored: the row is made again, so that a client that repeats its signature is answered. */
async function makeAgain(run: Run, state: DeclarationState): Promise<boolean> {
  const { deps } = run;
  const employee = await deps.prm.findEmployee(state.employee_id);
  if (!employee) return false;
  const { declaration, content, columns } = await signedPart(run, state);
  await deps.db
    .insertInto('il.declaration_requests')
    .values({
      ...columns,
      id: state.declaration_request_id,
      legal_entity_id: state.legal_entity_id,
      division_id: state.division_id,
      employee_id: state.employee_id,
      party_id: employee.party_id,
      person_hmac: personHashOf(deps, state.person_id),
      phone_hmac: phoneHashOf(deps, content),
      method: 'NA',
      start_date: state.start_date,
      end_date: state.end_date,
      seed_size: 0,
      declaration_id: state.id,
      declaration_number: declaration.declaration_number,
      new_person_id: state.person_id,
      inserted_by: declaration.created_by,
      inserted_at: declaration.signed_at,
    })
    .onConflict((one) => one.doNothing())
    .execute();
  return true;
}

/** The declaration is there: from an intent, or from before a restore, there is only forward. */
async function settle(run: Run, state: DeclarationState): Promise<boolean> {
  const { deps } = run;
  const { declaration_request_id: id } = state;
  const { columns } = await signedPart(run, state);
  await deps.db.transaction().execute(async (transaction) => {
    const { numUpdatedRows } = await transaction
      .updateTable('il.declaration_requests')
      .set({ ...columns, declaration_id: state.id, sealed_data: null, sealed_container: null })
      .where('id', '=', id)
      .where('status', '!=', 'SIGNED')
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return;
    await announceStatus(transaction, [
      { entity_type: 'DeclarationRequest', entity_id: id, new_value: 'SIGNED', changed_by: columns.signed_by },
    ]);
  });
  return true;
}
