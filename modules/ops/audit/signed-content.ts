import type { Kysely } from 'kysely';
import type { Tables } from '../tables.ts';
import { parseBody } from '../versions.ts';
import type { ContainerSource } from './containers.ts';
import type { Finding, FindingList } from './findings.ts';

/** More would only delay the report: the first ones show what was done. */
const most_explained = 50;

/**
 * Says what an altered declaration should have said. Its leaf cannot tell, for it is one hash; but the doctor signed most of it,
 * and the signed container in storage still says what.
 */
export async function explainAltered(
  db: Kysely<Tables>,
  source: ContainerSource | undefined,
  list: FindingList,
): Promise<void> {
  if (!source?.content) return;
  const altered = list.found.filter(({ code, record }) => code === 'record_altered' && record?.kind === 'declaration');
  for (const finding of altered.slice(0, most_explained))
    finding.message += ` ${await explain(db, source, finding.record!)}`;
}

async function explain(
  db: Kysely<Tables>,
  source: ContainerSource,
  { id, version }: NonNullable<Finding['record']>,
): Promise<string> {
  const stored = await source.read(id);
  if (stored.state !== 'stored') return 'Its signed container is not there to compare with.';
  const row = await db
    .selectFrom('ops.declaration_versions')
    .select(['body', 'recorded_at'])
    .where('declaration_id', '=', id)
    .where('version', '=', version!)
    .executeTakeFirst();
  try {
    const content = await source.content!(stored.container, row!.recorded_at);
    return compare(content, parseBody(row!.body));
  } catch {
    return 'It cannot be compared with its signed container, for one of them cannot be read.';
  }
}

/** Members of the signed document and what they are called in a record (domain.md §3.5). */
const signed_members: [path: readonly string[], name: string][] = [
  [['id'], 'declaration_request_id'],
  [['scope'], 'scope'],
  [['start_date'], 'start_date'],
  [['end_date'], 'end_date'],
  [['seed'], 'seed'],
  [['employee', 'id'], 'employee_id'],
  [['division', 'id'], 'division_id'],
  [['legal_entity', 'id'], 'legal_entity_id'],
];

function compare(content: unknown, body: Record<string, unknown>): string {
  const differing = signed_members.flatMap(([path, name]) => {
    const signed = path.reduce<unknown>(
      (value, member) => (value as Record<string, unknown> | null)?.[member],
      content,
    );
    return typeof signed !== 'string' || signed === body[name]
      ? []
      : [`${name} (signed: ${signed}, stored: ${String(body[name])})`];
  });
  return differing.length === 0
    ? 'It still agrees with what the doctor signed; the change is in what the platform added: person, status, reason, times or evidence.'
    : `The doctor signed something else: ${differing.join(', ')}.`;
}
