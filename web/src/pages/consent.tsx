import { Button, List, Stack, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { scopes } from '@zdravo/country-ua/scopes';
import { useState } from 'react';
import { api } from '../api.ts';
import { useLanguage } from '../language.tsx';
import { Done, Loading, Page, Trouble } from '../layout.tsx';

export type ConsentRequest = { client_id: string; redirect_uri: string; scope: string; state?: string };

const words = {
  redirect_uri_invalid: 'redirect_wrong',
  client_invalid: 'client_unknown',
  client_blocked: 'client_unknown',
  not_found: 'client_unknown',
  scope_beyond_client_type: 'scope_by_type',
  scope_beyond_role: 'scope_by_role',
  token_invalid: 'session_ended',
} as const;

/** Which program, and what it may then do, in plain words; nothing is given by default. */
export function Consent({ token, request }: { token: string; request: ConsentRequest }) {
  const { t } = useLanguage();
  const [denied, setDenied] = useState(false);
  const client = useQuery({
    queryKey: ['client', request.client_id],
    queryFn: () => api.getClientDetails({ params: { id: request.client_id } }, token),
  });
  const allowing = useMutation({
    mutationFn: () => api.authorizeApp({ body: { app: request } }, token),
    onSuccess: ({ location }) => {
      if (location) window.location.assign(location);
    },
  });
  if (denied)
    return (
      <Page title={t('consent_title')}>
        <Done>{t('consent_denied')}</Done>
      </Page>
    );
  return (
    <Page title={t('consent_title')}>
      {client.isPending ? <Loading /> : null}
      <Trouble error={client.error ?? allowing.error} words={words} />
      {client.data ? (
        <>
          <Wishes client={client.data.data.name} scope={request.scope} />
          {allowing.isSuccess ? <Done>{t('returning')}</Done> : null}
          <Stack gap="xs">
            <Button size="md" fullWidth onClick={() => allowing.mutate()} loading={allowing.isPending}>
              {t('allow')}
            </Button>
            <Button size="md" fullWidth variant="default" onClick={() => setDenied(true)}>
              {t('deny')}
            </Button>
          </Stack>
        </>
      ) : null}
    </Page>
  );
}

function Wishes({ client, scope }: { client: string; scope: string }) {
  const { t, language } = useLanguage();
  const wanted = new Set(scope.split(' ').filter((one) => one !== ''));
  return (
    <>
      <Text>{t('consent_text', { client })}</Text>
      <List spacing="xs">
        {[...wanted].map((one) => (
          <List.Item key={one} className="wish">
            {scopes[one]?.[language] ?? one}
          </List.Item>
        ))}
      </List>
    </>
  );
}
