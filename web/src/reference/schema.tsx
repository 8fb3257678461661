import { Code, Text } from '@mantine/core';
import { useLanguage } from '../language.tsx';
import { membersOf, patternOf, type Schema, typeOf } from './openapi.ts';

/** The members of a body as a tree, each with its type; deep ones are folded. */
export function SchemaTree({ schema, depth = 0 }: { schema: Schema; depth?: number }) {
  const members = membersOf(schema);
  if (members.length === 0) return <Text ff="monospace">{typeOf(schema)}</Text>;
  return (
    <ul className="members">
      {members.map(([name, member, is_required], at) => (
        // Alternatives may share a name.
        <li key={`${name}-${String(at)}`}>
          <Member name={name} schema={member} is_required={is_required} depth={depth} />
        </li>
      ))}
    </ul>
  );
}

type MemberProps = { name: string; schema: Schema; is_required: boolean; depth: number };

function Member({ name, schema, is_required, depth }: MemberProps) {
  const { t } = useLanguage();
  const pattern = patternOf(schema);
  const line = (
    <>
      <Code fz="sm">{name}</Code> <span className="type">{typeOf(schema)}</span>
      {is_required ? <span className="required"> {t('required')}</span> : null}
      {pattern ? <span className="pattern"> {pattern}</span> : null}
      {schema.description ? <span> {schema.description}</span> : null}
    </>
  );
  if (membersOf(schema).length === 0) return line;
  return (
    <details open={depth < 1}>
      <summary>{line}</summary>
      <SchemaTree schema={schema} depth={depth + 1} />
    </details>
  );
}
