import type { ContainerForm, ListedContainer } from '@zdravo/mcs';
import type { DeclarationState } from '@zdravo/ops/contract';
import { isSettled, page_size, pagesOf, type Run } from './run.ts';

/** The container is there, is the one that the declaration names, and lies under the key of the person. */
export async function checkContainer(run: Run, state: DeclarationState, known?: ListedContainer): Promise<void> {
  const { deps, findings } = run;
  const { id, person_id, declaration_request_id } = state;
  const container = known ?? (await recover(run, id));
  if (!container) return findings.open('container_missing', id);
  if (container.sha256 !== state.signed_content_sha256) return findings.open('container_differs', id);
  if (container.person_id === null)
    await findings.repair('container_unassigned', id, async () => {
      await deps.mcs.assignPerson({ resource_ids: [declaration_request_id, id], person_id });
      return true;
    });
}

/** A restored database may have lost the row of a file. */
async function recover({ deps, findings }: Run, id: string, form: ContainerForm = 'signed_content') {
  const resource = { resource_type: 'declaration', resource_id: id, form };
  const found = await deps.mcs.recoverSignedContainer(resource).catch((error: unknown) => {
    deps.log.warn({ err: error, declaration_id: id, form }, 'a container could not be recovered');
    return undefined;
  });
  if (!found) return undefined;
  const kind = form === 'signed_content' ? 'container_row_missing' : 'upgrade_row_missing';
  await findings.repair(kind, id, async () => true);
  return { ...found, person_id: null };
}

/**
 * The upgraded container is there, under the key of the person, and the log knows it. What the log does not know goes through
 * the upgrade once more, which takes what is stored.
 */
export async function checkUpgrade(run: Run, state: DeclarationState, known?: ListedContainer): Promise<void> {
  const { deps, findings } = run;
  const { id, person_id, upgraded_sha256 } = state;
  const upgraded = known ?? (upgraded_sha256 === null ? undefined : await recover(run, id, 'signed_content.upgraded'));
  if (!upgraded) return upgraded_sha256 === null ? undefined : findings.open('upgrade_missing', id);
  if (upgraded.person_id === null) await deps.mcs.assignPerson({ resource_ids: [id], person_id });
  if (upgraded_sha256 !== null && upgraded.sha256 !== upgraded_sha256) return findings.open('upgrade_differs', id);
  const is_put_up_again =
    upgraded_sha256 === null && (await deps.mcs.repeatUpgrade({ resource_type: 'declaration', resource_id: id }));
  if (is_put_up_again) await findings.repair('upgrade_unlogged', id, async () => true);
}

/** Containers whose declaration nobody has; those with a signed request were made declarations again before. */
export async function checkContainers(run: Run): Promise<void> {
  const { deps, findings, context } = run;
  const read = (after: string | undefined) =>
    deps.mcs.listSignedContainers({
      resource_type: 'declaration',
      limit: page_size,
      ...(after === undefined ? {} : { after }),
    });
  for await (const page of pagesOf(read, (container) => container.resource_id)) {
    findings.looked('containers', page.length);
    const body = { ids: page.map((one) => one.resource_id) };
    const known = new Set((await deps.ops.findStates({ body }, context)).map((state) => state.id));
    for (const { resource_id, stored_at } of page)
      if (!known.has(resource_id) && isSettled(run, stored_at))
        findings.open('container_without_declaration', resource_id);
  }
}

const told_for_days = 30;

/** Signatures that the upgrade found not to hold; told for a month, then only the queue remembers them. */
export async function checkSignatures({ deps, findings }: Run): Promise<void> {
  const since = new Date(deps.clock.now().getTime() - told_for_days * 86_400_000);
  for (const { resource_id } of await deps.mcs.listRefusedUpgrades(since))
    findings.open('signature_refused', resource_id);
}
