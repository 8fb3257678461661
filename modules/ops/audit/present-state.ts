import { sql } from 'kysely';
import type { VersionBody } from '../versions.ts';

/** What `ops.declaration_heads` copies out of the newest version, as text; null for versions that are not the newest. */
export type PresentState = Record<`head_${(typeof copied)[number]}` | 'head_status' | 'head_container', string | null>;

const copied = [
  'person_id',
  'pseudonym',
  'legal_entity_id',
  'division_id',
  'employee_id',
  'declaration_request_id',
  'start_date',
  'end_date',
] as const;

/** To be selected of `ops.declaration_heads head`. */
export const present_columns = sql.join([
  sql`head.status::text as head_status`,
  sql`head.signed_content_sha256 as head_container`,
  ...copied.map((name) => sql`head.${sql.ref(name)}::text as ${sql.ref(`head_${name}`)}`),
]);

/**
 * Whether the present state says what the newest version says. Ids, dates and states only, nothing personal.
 * @returns in words what differs; undefined when nothing does, or when the version is not the newest.
 */
export function differingState(
  present: PresentState & { status: string | null },
  body: VersionBody,
): string | undefined {
  if (present.head_status === null) return undefined;
  const said = (name: string, head: string | null, version: string | null) =>
    head === version ? [] : [`${name} ${head} where its versions say ${version}`];
  const differing = [
    ...said('status', present.head_status, present.status),
    ...said('signed_content_sha256', present.head_container, body.evidence.signed_content_sha256),
    ...copied.flatMap((name) => said(name, present[`head_${name}`], body[name])),
  ];
  return differing.length === 0 ? undefined : `Its present state says ${differing.join(', ')}.`;
}
