import { Anchor, List, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useEffect, useState } from 'react';
import { useLanguage } from '../language.tsx';
import { Loading, Trouble, WidePage } from '../layout.tsx';
import { type Description, matches, operationsByTag } from '../reference/openapi.ts';
import { OperationEntry } from '../reference/operation.tsx';

/** Every route of the public API, from the description that the contracts generate, to read and to search. */
export function ReferencePage() {
  const { t } = useLanguage();
  const description = useQuery({ queryKey: ['openapi'], queryFn: fetchDescription });
  return (
    <WidePage title={t('api_reference')}>
      <Text>{t('reference_text', { version: description.data?.info.version ?? '' })}</Text>
      <List spacing="xs">
        <List.Item>{t('reference_token')}</List.Item>
        <List.Item>{t('reference_envelope')}</List.Item>
        <List.Item>{t('reference_errors')}</List.Item>
        <List.Item>{t('reference_retries')}</List.Item>
      </List>
      <Anchor href="/api/openapi.json">OpenAPI 3.1</Anchor>
      <Trouble error={description.error} />
      {description.isPending ? <Loading /> : null}
      {description.data ? <Routes description={description.data} /> : null}
    </WidePage>
  );
}

async function fetchDescription(): Promise<Description> {
  const response = await fetch('/api/openapi.json');
  if (!response.ok) throw new Error(`the description answered ${response.status}`);
  return (await response.json()) as Description;
}

function Routes({ description }: { description: Description }) {
  const { t } = useLanguage();
  const [search, setSearch] = useState('');
  const wanted = useDeferredValue(search.trim());
  useEffect(() => document.getElementById(window.location.hash.slice(1))?.scrollIntoView(), []);
  const groups = operationsByTag(description)
    .map(([tag, operations]) => ({ tag, operations: operations.filter((one) => matches(one, wanted)) }))
    .filter(({ operations }) => operations.length > 0);
  const count = groups.reduce((sum, { operations }) => sum + operations.length, 0);
  return (
    <>
      <TextInput
        type="search"
        label={t('search_routes')}
        description={t('search_hint')}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
      />
      <Text role="status" size="sm">
        {t('routes_found', { count: String(count) })}
      </Text>
      {groups.map(({ tag, operations }) => (
        <section key={tag} aria-label={tag}>
          <Title order={2} size="h3" mb="xs" lang="en">
            {tag}
          </Title>
          {operations.map((operation) => (
            <OperationEntry key={operation.operationId} operation={operation} />
          ))}
        </section>
      ))}
    </>
  );
}
