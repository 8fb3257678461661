import type { PersonState } from '@zdravo/mpi/contract';
import type { DeclarationState } from '@zdravo/ops/contract';
import { putAlias, putPersonAgain } from './persons.ts';
import { living, type Run } from './run.ts';
import { readSignedContent } from './stored-content.ts';

/** The index knows the person, by the pseudonym that Operations tells reports, and with the data of the living declaration. */
export async function checkPerson(run: Run, state: DeclarationState, person: PersonState | undefined): Promise<void> {
  const { findings } = run;
  const is_living = living.has(state.status);
  if (!person) {
    const is_known_meanwhile = !is_living && (await isKnown(run, state.person_id));
    if (!is_known_meanwhile) await findings.repair('person_missing', state.person_id, () => bringBack(run, state));
  } else if (person.status === 'erased') {
    if (is_living) findings.open('person_erased', state.person_id);
  } else if (!is_living) return;
  else if (person.person_id !== state.person_id)
    await findings.repair('merge_missing', state.person_id, async () => {
      await putAlias(run, state.person_id, { id: person.person_id, pseudonym: person.pseudonym! });
      return true;
    });
  else if (person.pseudonym !== state.pseudonym) findings.open('pseudonym_differs', state.person_id);
  else if (!person.knows_source) await findings.repair('person_outdated', state.person_id, () => bringBack(run, state));
}

async function isKnown({ deps, context }: Run, id: string): Promise<boolean> {
  const body = { persons: [{ id, source_id: id }] };
  return (await deps.mpi.findPersonStates({ body }, context)).length > 0;
}

/** The container holds the whole person. Whom the index knows under another id by now, Operations follows there. */
async function bringBack(run: Run, state: DeclarationState): Promise<boolean> {
  const { deps, context } = run;
  const { signed_at: at } = await deps.ops.getDeclaration({ params: { id: state.id } }, context);
  const wanted = { declaration_id: state.id, sha256: state.signed_content_sha256, at };
  const content = await readSignedContent(deps, wanted);
  if (!content) return false;
  const named = { id: state.person_id, source_id: state.declaration_request_id, pseudonym: state.pseudonym };
  const written = await putPersonAgain(run, named, content);
  if (written.id !== state.person_id) await putAlias(run, state.person_id, written);
  return true;
}
