import { Alert, Anchor } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import { signIn } from '../api.ts';
import { PasswordForm } from '../forms.tsx';
import { useLanguage } from '../language.tsx';
import { Page, Trouble } from '../layout.tsx';
import type { SignInSearch } from '../router.tsx';
import { useSignInProgress } from '../sign-in-progress.ts';
import { Consent } from './consent.tsx';
import { SecondFactor } from './second-factor.tsx';

const words = {
  password_wrong: 'wrong_credentials',
  password_expired: 'password_expired',
  user_blocked: 'user_blocked',
} as const;

/** Password → second factor → consent → back to the program. */
export function SignInPage() {
  const { client_id, redirect_uri, scope, state, email } = useSearch({ strict: false }) as SignInSearch;
  const { token, waiting, proceed, onWaiting, onToken } = useSignInProgress();
  if (!client_id || !redirect_uri || !scope) return <IncompleteLink />;
  if (token) return <Consent token={token} request={{ client_id, redirect_uri, scope, ...(state ? { state } : {}) }} />;
  if (waiting) return <SecondFactor waiting={waiting} onWaiting={onWaiting} onToken={onToken} />;
  return <PasswordStep email={email ?? ''} onSignedIn={proceed} />;
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
