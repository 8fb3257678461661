import { Button, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../api.ts';
import { useLanguage } from '../language.tsx';
import { Done, Page, Trouble } from '../layout.tsx';

export type Waiting = { token: string; step: 'REQUEST_OTP' | 'REQUEST_FACTOR' | 'APPROVE_FACTOR' };

const words = { otp_invalid: 'wrong_code', otp_exhausted: 'wrong_code', token_invalid: 'session_ended' } as const;

/** The code from the phone, or first the phone itself. */
export function SecondFactor({
  waiting,
  onWaiting,
  onToken,
}: {
  waiting: Waiting;
  onWaiting(waiting: Waiting): void;
  onToken(token: string): void;
}) {
  return waiting.step === 'REQUEST_FACTOR' ? (
    <PhoneForm token={waiting.token} onWaiting={onWaiting} />
  ) : (
    <CodeForm waiting={waiting} onWaiting={onWaiting} onToken={onToken} />
  );
}

function PhoneForm({ token, onWaiting }: { token: string; onWaiting(waiting: Waiting): void }) {
  const { t } = useLanguage();
  const [phone, setPhone] = useState('+380');
  const naming = useMutation({
    mutationFn: () => api.initFactor({ body: { type: 'SMS', factor: phone } }, token),
    onSuccess: ({ data }) => onWaiting({ token: data.value, step: 'APPROVE_FACTOR' }),
  });
  return (
    <Page title={t('phone_title')}>
      <Text>{t('phone_text')}</Text>
      <form onSubmit={submitting(() => naming.mutate())}>
        <Stack>
          <TextInput
            label={t('phone')}
            description={t('phone_hint')}
            type="tel"
            name="phone"
            autoComplete="tel"
            required
            pattern="\+380[0-9]{9}"
            value={phone}
            onChange={(event) => setPhone(event.currentTarget.value)}
          />
          <Trouble error={naming.error} words={words} />
          <Button type="submit" size="md" fullWidth loading={naming.isPending}>
            {t('next')}
          </Button>
        </Stack>
      </form>
    </Page>
  );
}

function CodeForm({
  waiting,
  onWaiting,
  onToken,
}: {
  waiting: Waiting;
  onWaiting(waiting: Waiting): void;
  onToken(token: string): void;
}) {
  const { t } = useLanguage();
  const [code, setCode] = useState('');
  const { token, step } = waiting;
  const confirming = useMutation({
    mutationFn: () =>
      step === 'APPROVE_FACTOR'
        ? api.approveFactor({ body: { otp: code } }, token)
        : api.createToken({ body: { token: { grant_type: 'authorize_2fa_access_token', otp: code } } }, token),
    onSuccess: ({ data }) => onToken(data.value),
    onError: () => setCode(''),
  });
  const resending = useMutation({
    mutationFn: () => api.createToken({ body: { token: { grant_type: 'refresh_2fa_access_token' } } }, token),
    onSuccess: ({ data }) => onWaiting({ token: data.value, step }),
  });
  return (
    <Page title={t('code_title')}>
      <Text>{t('code_text')}</Text>
      <form onSubmit={submitting(() => confirming.mutate())}>
        <Stack>
          <TextInput
            label={t('code')}
            name="code"
            inputMode="numeric"
            autoComplete="one-time-code"
            required
            pattern="[0-9]{4,10}"
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
          />
          <Trouble error={confirming.error ?? resending.error} words={words} />
          {resending.isSuccess && !confirming.error ? <Done>{t('sent_again')}</Done> : null}
          <Button type="submit" size="md" fullWidth loading={confirming.isPending}>
            {t('confirm')}
          </Button>
          <Button variant="default" onClick={() => resending.mutate()} loading={resending.isPending}>
            {t('send_again')}
          </Button>
        </Stack>
      </form>
    </Page>
  );
}

function submitting(work: () => void) {
  return (event: FormEvent) => {
    event.preventDefault();
    work();
  };
}
