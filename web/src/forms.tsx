import { Button, PasswordInput, type PasswordInputProps, Stack, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useLanguage } from './language.tsx';

/** Work done in place of the browser's own submission of a form. */
export function submitting(work: () => void) {
  return (event: FormEvent) => {
    event.preventDefault();
    work();
  };
}

/** An e-mail address as the account's name; a fixed one is shown and stays. */
export function EmailField(props: { value: string; fixed?: boolean; onChange(value: string): void }) {
  const { t } = useLanguage();
  return (
    <TextInput
      label={t('email')}
      type="email"
      name="email"
      autoComplete="username"
      required
      readOnly={props.fixed ?? false}
      value={props.value}
      onChange={(event) => props.onChange(event.currentTarget.value)}
    />
  );
}

type PasswordFieldProps = Omit<PasswordInputProps, 'onChange'> & { onChange(value: string): void };

/** A password that can be looked at. */
function PasswordField({ onChange, ...props }: PasswordFieldProps) {
  const { t } = useLanguage();
  return (
    <PasswordInput
      {...props}
      required
      onChange={(event) => onChange(event.currentTarget.value)}
      // The library leaves it out of the order of the keyboard.
      visibilityToggleButtonProps={{ 'aria-label': t('show_password'), tabIndex: 0 }}
    />
  );
}

/** E-mail and password of an account. */
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
  return (
    <form onSubmit={submitting(() => props.onSubmit(email.trim(), password))}>
      <Stack>
        <EmailField value={email} fixed={props.fixed_email ?? false} onChange={setEmail} />
        <PasswordField
          label={t('password')}
          name="password"
          autoComplete="current-password"
          value={password}
          onChange={setPassword}
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
export function NewPasswordForm(props: {
  /** Of the account, when it is known: shown, so that a password manager keeps both together. */
  email?: string;
  pending: boolean;
  label: string;
  onSubmit(password: string): void;
}) {
  const { t } = useLanguage();
  const [password, setPassword] = useState('');
  return (
    <form onSubmit={submitting(() => props.onSubmit(password))}>
      <Stack>
        {props.email === undefined ? null : <EmailField value={props.email} fixed onChange={() => {}} />}
        <PasswordField
          label={t('new_password')}
          description={t('password_hint')}
          name="new-password"
          autoComplete="new-password"
          minLength={12}
          value={password}
          onChange={setPassword}
        />
        <Button type="submit" size="md" fullWidth loading={props.pending}>
          {props.label}
        </Button>
      </Stack>
    </form>
  );
}
