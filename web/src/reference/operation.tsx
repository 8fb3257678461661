import { Code, Stack, Table, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useLanguage } from '../language.tsx';
import { answerOf, bodySchema, type Operation, type Parameter, scopesOf, typeOf } from './openapi.ts';
import { SchemaTree } from './schema.tsx';

/** One route: a line, and everything about it once it is opened. Its address with `#operationId` opens it. */
export function OperationEntry({ operation }: { operation: Operation }) {
  const { t } = useLanguage();
  const [is_open, setOpen] = useState(window.location.hash === `#${operation.operationId}`);
  const { method, path, operationId, summary, deprecated } = operation;
  return (
    <details
      id={operationId}
      className="operation"
      open={is_open}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>
        <span className={`method ${method}`}>{method.toUpperCase()}</span> <span className="path">{path}</span>
        {deprecated ? <span className="old"> {t('old_spelling')}</span> : null}
        <span className="summary" lang="en">
          {summary}
        </span>
      </summary>
      {is_open ? <Everything operation={operation} /> : null}
    </details>
  );
}

function Everything({ operation }: { operation: Operation }) {
  const { t } = useLanguage();
  const { description, parameters = [], requestBody } = operation;
  const body = bodySchema(requestBody);
  const answer = answerOf(operation);
  return (
    <Stack gap="md" pt="sm">
      {description ? <Text lang="en">{description}</Text> : null}
      <Access operation={operation} />
      {parameters.length > 0 ? <Parameters parameters={parameters} /> : null}
      {body ? (
        <section>
          <Title order={3} size="h5">
            {t('body')}
          </Title>
          <SchemaTree schema={body} />
        </section>
      ) : null}
      <section>
        <Title order={3} size="h5">
          {t('answer', { status: answer.status })}
        </Title>
        {answer.schema ? <SchemaTree schema={answer.schema} /> : <Text>{t('empty_answer')}</Text>}
      </section>
    </Stack>
  );
}

function Access({ operation }: { operation: Operation }) {
  const { t } = useLanguage();
  const scopes = scopesOf(operation);
  if (!scopes) return <Text>{t('access_public')}</Text>;
  if (scopes.length === 0) return <Text>{t('access_signed_in')}</Text>;
  return (
    <Text>
      {t('access_scopes')}{' '}
      {scopes.map((scope) => (
        <Code key={scope} fz="sm" mr={6}>
          {scope}
        </Code>
      ))}
    </Text>
  );
}

function Parameters({ parameters }: { parameters: Parameter[] }) {
  const { t } = useLanguage();
  return (
    <section>
      <Title order={3} size="h5">
        {t('parameters')}
      </Title>
      <Table withRowBorders>
        <Table.Tbody>
          {parameters.map(({ name, in: place, required, schema }) => (
            <Table.Tr key={`${place} ${name}`}>
              <Table.Th scope="row">
                <Code fz="sm">{name}</Code>
              </Table.Th>
              <Table.Td>{place}</Table.Td>
              <Table.Td className="type">{typeOf(schema)}</Table.Td>
              <Table.Td>{required ? t('required') : ''}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}
