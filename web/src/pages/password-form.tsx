import { Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useLanguage } from '../language.tsx';

/** E-mail and password; a known e-mail is shown and stays. */
export function PasswordForm(props: {
  email?: string;
  fixed_email?: boolean;
  pending: boolean;
  children?: ReactNode;
  onSubmit(email: string, password: string): void;
}) {
  const { t } = useLanguage();
  const [email, setEmail] = useState(props.email ?? '');
  const [password, setPassword] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    props.onSubmit(email.trim(), password);
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label={t('email')}
          type="email"
          name="email"
          autoComplete="username"
          required
          readOnly={props.fixed_email ?? false}
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordInput
          label={t('password')}
          name="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': t('show_password') }}
        />
        {props.children}
        <Button type="submit" size="md" fullWidth loading={props.pending}>
          {t('sign_in')}
        </Button>
      </Stack>
    </form>
  );
}

/** A new password, once: it can be looked at instead of being typed twice. */
export function NewPasswordForm(props: { pending: boolean; label: string; onSubmit(password: string): void }) {
  const { t } = useLanguage();
  const [password, setPassword] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    props.onSubmit(password);
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <PasswordInput
          label={t('new_password')}
          description={t('password_hint')}
          name="new-password"
          autoComplete="new-password"
          required
          minLength={12}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': t('show_password') }}
        />
        <Button type="submit" size="md" fullWidth loading={props.pending}>
          {props.label}
        </Button>
      </Stack>
    </form>
  );
}
