import { Alert, Anchor } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { signIn } from '../api.ts';
import { useLanguage } from '../language.tsx';
import { Page, Trouble } from '../layout.tsx';
import type { SignInSearch } from '../router.tsx';
import { Consent } from './consent.tsx';
import { PasswordForm } from './password-form.tsx';
import { SecondFactor, type Waiting } from './second-factor.tsx';

const words = {
  password_wrong: 'wrong_credentials',
  password_expired: 'password_expired',
  user_blocked: 'user_blocked',
} as const;

/** Password → second factor → consent → back to the program. The token lives in this page's memory only. */
export function SignInPage() {
  const { t } = useLanguage();
  const search = useSearch({ strict: false }) as SignInSearch;
  const [waiting, setWaiting] = useState<Waiting>();
  const [token, setToken] = useState<string>();
  const signing = useMutation({
    mutationFn: ({ email, password }: { email: string; password: string }) => signIn(email, password, 'app:authorize'),
    onSuccess: ({ data, urgent }) => {
      const step = urgent?.next_step;
      if (step === 'REQUEST_OTP' || step === 'REQUEST_FACTOR') setWaiting({ token: data.value, step });
      else setToken(data.value);
    },
  });
  const { client_id, redirect_uri, scope, state, email } = search;
  if (!client_id || !redirect_uri || !scope)
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
  if (token)
    return (
      <Consent token={token} request={{ client_id, redirect_uri, scope, ...(state === undefined ? {} : { state }) }} />
    );
  if (waiting) return <SecondFactor waiting={waiting} onWaiting={setWaiting} onToken={setToken} />;
  return (
    <Page title={t('sign_in_title')}>
      <PasswordForm
        {...(email === undefined ? {} : { email })}
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
