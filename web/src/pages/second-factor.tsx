import { Button, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../api.ts';
import { submitting } from '../forms.tsx';
import { useLanguage } from '../language.tsx';
import { Done, Page, Trouble } from '../layout.tsx';
import type { Waiting } from '../sign-in-progress.ts';

const words = { otp_invalid: 'wrong_code', otp_exhausted: 'code_exhausted', token_invalid: 'session_ended' } as const;

type SecondFactorProps = {
  waiting: Waiting;
  onWaiting(waiting: Waiting): void;
  onToken(token: string): void;
};

/** The code from the phone, or first the phone itself. */
export function SecondFactor(props: SecondFactorProps) {
  return props.waiting.step === 'REQUEST_FACTOR' ? <PhoneForm {...props} /> : <CodeForm {...props} />;
}

function PhoneForm({ waiting: { token }, onWaiting }: SecondFactorProps) {
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

function CodeForm(props: SecondFactorProps) {
  const { t } = useLanguage();
  const [code, setCode] = useState('');
  const confirming = useMutation({
    mutationFn: () => confirm(props.waiting, code),
    onSuccess: ({ data }) => props.onToken(data.value),
    onError: () => setCode(''),
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
          <Trouble error={confirming.error} words={words} />
          <Button type="submit" size="md" fullWidth loading={confirming.isPending}>
            {t('confirm')}
          </Button>
          <SendAgain {...props} was_refused={confirming.isError} onSent={confirming.reset} />
        </Stack>
      </form>
    </Page>
  );
}

/** The first code proves the phone, each later one the sign-in. */
function confirm({ token, step }: Waiting, code: string) {
  if (step === 'APPROVE_FACTOR') return api.approveFactor({ body: { otp: code } }, token);
  return api.createToken({ body: { token: { grant_type: 'authorize_2fa_access_token', otp: code } } }, token);
}

type SendAgainProps = SecondFactorProps & { was_refused: boolean; onSent(): void };

function SendAgain({ waiting: { token, step }, was_refused, onWaiting, onSent }: SendAgainProps) {
  const { t } = useLanguage();
  const resending = useMutation({
    mutationFn: () => api.createToken({ body: { token: { grant_type: 'refresh_2fa_access_token' } } }, token),
    onSuccess: ({ data }) => {
      onWaiting({ token: data.value, step });
      onSent();
    },
  });
  return (
    <>
      <Trouble error={resending.error} words={words} />
      {resending.isSuccess && !was_refused ? <Done>{t('sent_again')}</Done> : null}
      <Button variant="default" onClick={() => resending.mutate()} loading={resending.isPending}>
        {t('send_again')}
      </Button>
    </>
  );
}
