import { fillIn, confirmation_sheet as texts } from '@zdravo/country-ua';
import type { Call } from '@zdravo/kit/http';
import { notFound } from '@zdravo/kit/problem';
import type { DeclarationReceipt } from '@zdravo/ops/contract';
import type { IlDeps } from '../deps.ts';
import { renderSheet } from './pdf.ts';
import { getReadable } from './receipts.ts';

export type ConfirmationSheet = {
  content_type: string;
  file_name: string;
  content: string;
  leaf_index: number | null;
  leaf_hash: string;
};

/**
 * The sheet that the patient takes home after signing. Its code holds the leaf's hash and place, so that a telephone
 * can verify the record in the published log without trusting the clinic or us.
 * @throws Problem 404
 */
export async function getConfirmationSheet(deps: IlDeps, id: string, call: Call): Promise<ConfirmationSheet> {
  const declaration = await getReadable(deps, id, call);
  const receipt = await deps.ops.getReceipt({ params: { id }, query: { wait_ms: 3_000 } }, call.context);
  const values = await valuesOf(deps, declaration, call);
  const lines = [
    texts.registered,
    ...[
      texts.declaration_id,
      texts.signed_at,
      texts.valid,
      texts.patient,
      texts.doctor,
      texts.provider,
      texts.division,
    ],
    ...standingOf(declaration.status),
  ].map((text) => onOneLine(fillIn(text, values)));
  const pdf = await renderSheet({
    title: texts.title,
    lines,
    check: texts.check,
    code: verificationAddress(deps.web_url, receipt),
    checkpoint: fillIn(texts.checkpoint, { checkpoint: sealOf(receipt) }),
    foot: [texts.rights, fillIn(texts.printed_at, { printed_at: civilMoment(deps.clock.now().toISOString()) })],
  });
  return {
    content_type: 'application/pdf',
    file_name: `declaration-${id}.pdf`,
    content: pdf.toString('base64'),
    leaf_index: receipt.leaf_index,
    leaf_hash: receipt.leaf_hash,
  };
}

/** A name that holds a line break, or what turns the direction of writing, must not look like a line of ours. */
export function onOneLine(text: string): string {
  return text.replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ').trim();
}

/** What the code opens: the page reads place and hash after `#`, which browsers send to nobody. */
export function verificationAddress(web_url: string, { leaf_index, leaf_hash }: DeclarationReceipt): string {
  return leaf_index === null ? `${web_url}/verify/` : `${web_url}/verify/#index=${leaf_index}&leaf=${leaf_hash}`;
}

/** What the patient must know of a declaration that is not in force. */
export function standingOf(status: string): string[] {
  if (status === 'active') return [];
  return [status === 'pending_verification' ? texts.pending : texts.ended];
}

type Names = { first_name: string; last_name: string; second_name?: string | null | undefined };

async function valuesOf(deps: IlDeps, declaration: Awaited<ReturnType<typeof getReadable>>, call: Call) {
  const context = { ...call.context, purpose: 'confirmation_sheet' };
  const [{ person }, employee, legal_entity, division] = await Promise.all([
    deps.mpi.getPerson({ params: { id: declaration.person_id } }, context),
    deps.prm.findEmployee(declaration.employee_id),
    deps.prm.findLegalEntity(declaration.legal_entity_id),
    deps.prm.findDivision(declaration.division_id),
  ]);
  if (!employee || !legal_entity || !division) throw notFound();
  return {
    declaration_id: declaration.declaration_number,
    signed_at: civilMoment(declaration.signed_at),
    start_date: civilDay(declaration.start_date),
    end_date: civilDay(declaration.end_date),
    patient: fullName(person),
    doctor: fullName(employee.party),
    legal_entity: legal_entity.name,
    edrpou: legal_entity.edrpou,
    division: division.name,
  };
}

function fullName({ last_name, first_name, second_name }: Names): string {
  return [last_name, first_name, second_name].filter(Boolean).join(' ');
}

function sealOf({ checkpoint_size, leaf_index, leaf_hash }: DeclarationReceipt): string {
  return leaf_index === null ? leaf_hash : `${leaf_index} / ${checkpoint_size} · ${leaf_hash}`;
}

/** `2026-11-28` as people write it: 28.11.2026. */
function civilDay(date: string): string {
  return date.split('-').reverse().join('.');
}

function civilMoment(instant: string): string {
  return new Intl.DateTimeFormat('uk-UA', { dateStyle: 'long', timeStyle: 'short', timeZone: 'Europe/Kyiv' }).format(
    new Date(instant),
  );
}
