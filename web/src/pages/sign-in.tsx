import { Alert, Anchor } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { api, signIn } from '../api.ts';
import { PasswordForm } from '../forms.tsx';
import { useLanguage } from '../language.tsx';
import { Loading, Page, Trouble } from '../layout.tsx';
import type { SignInSearch } from '../router.tsx';
import { useSignInProgress } from '../sign-in-progress.ts';
import { Consent } from './consent.tsx';
import { SecondFactor } from './second-factor.tsx';

const words = {
  password_wrong: 'wrong_credentials',
  password_expired: 'password_expired',
  user_blocked: 'user_blocked',
} as const;

const link_words = {
  client_invalid: 'client_unknown',
  client_blocked: 'client_unknown',
  validation_failed: 'client_unknown',
  redirect_uri_invalid: 'redirect_wrong',
} as const;

/** Password → second factor → consent → back to the program; of a link that leads to none, no password is asked. */
export function SignInPage() {
  const { client_id, redirect_uri, scope, state, email } = useSearch({ strict: false }) as SignInSearch;
  const { token, waiting, proceed, onWaiting, onToken } = useSignInProgress();
  if (!client_id || !redirect_uri || !scope) return <IncompleteLink />;
  if (token) return <Consent token={token} request={{ client_id, redirect_uri, scope, ...(state ? { state } : {}) }} />;
  if (waiting) return <SecondFactor waiting={waiting} onWaiting={onWaiting} onToken={onToken} />;
  return (
    <KnownLink app={{ client_id, redirect_uri }}>
      <PasswordStep email={email ?? ''} onSignedIn={proceed} />
    </KnownLink>
  );
}

type KnownLinkProps = { app: { client_id: string; redirect_uri: string }; children: ReactNode };

function KnownLink({ app, children }: KnownLinkProps) {
  const { t } = useLanguage();
  const known = useQuery({
    queryKey: ['app', app.client_id, app.redirect_uri],
    queryFn: () => api.getApp({ query: app }),
    // A refusal stays one; to be told a second later helps nobody.
    retry: false,
  });
  if (known.data) return children;
  return (
    <Page title={t('sign_in_title')}>
      {known.isPending ? <Loading /> : null}
      <Trouble error={known.error} words={link_words} />
    </Page>
  );
}

function IncompleteLink() {
  const { t } = useLanguage();
  return (
    <Page title={t('sign_in_title')}>
      <Alert
        role="alert"
        color="red"
        variant="light"
        title={t('link_incomplete')}
        classNames={{ title: 'alert-title' }}
      />
    </Page>
  );
}

type PasswordStepProps = { email: string; onSignedIn(answer: Awaited<ReturnType<typeof signIn>>): void };

function PasswordStep({ email, onSignedIn }: PasswordStepProps) {
  const { t } = useLanguage();
  const signing = useMutation({
    mutationFn: (given: { email: string; password: string }) => signIn(given.email, given.password, 'app:authorize'),
    onSuccess: onSignedIn,
  });
  return (
    <Page title={t('sign_in_title')}>
      <PasswordForm
        email={email}
        pending={signing.isPending}
        onSubmit={(given, password) => signing.mutate({ email: given, password })}
      >
        <Trouble error={signing.error} words={words} />
      </PasswordForm>
      <Anchor component={Link} to="/recover" ta="center">
        {t('forgot')}
      </Anchor>
    </Page>
  );
}
