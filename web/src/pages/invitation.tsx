import { Button, Loader, Stack, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { api, signIn } from '../api.ts';
import { useLanguage } from '../language.tsx';
import { Done, Page, Trouble } from '../layout.tsx';
import { NewPasswordForm, PasswordForm } from './password-form.tsx';
import { SecondFactor, type Waiting } from './second-factor.tsx';

const words = {
  not_found: 'invite_unknown',
  employee_request_decided: 'invite_over',
  employee_request_expired: 'invite_over',
  validation_failed: 'password_refused',
  password_wrong: 'wrong_credentials',
} as const;

const scope = 'employee_request:approve employee_request:reject';

/** A link from the mail: choose a password when there is none, sign in, accept or decline. */
export function InvitationPage() {
  const { t } = useLanguage();
  const { invite = '' } = useSearch({ strict: false }) as { invite?: string };
  const [token, setToken] = useState<string>();
  const [waiting, setWaiting] = useState<Waiting>();
  const invitation = useQuery({
    queryKey: ['invite', invite],
    queryFn: () => api.getInvite({ params: { hash: invite } }),
    retry: 0,
  });
  const entering = useMutation({
    mutationFn: async ({ password, is_new }: { password: string; is_new: boolean }) => {
      const { id, party } = invitation.data!.data;
      if (is_new) await api.createInvitedUser({ params: { id }, body: { password } });
      return signIn(party.email, password, scope);
    },
    onSuccess: ({ data, urgent }) => {
      const step = urgent?.next_step;
      if (step === 'REQUEST_OTP' || step === 'REQUEST_FACTOR') setWaiting({ token: data.value, step });
      else setToken(data.value);
    },
  });
  const answering = useMutation({
    mutationFn: (answer: 'approve' | 'reject') => {
      const input = { params: { id: invitation.data!.data.id } };
      return answer === 'approve' ? api.approveEmployeeRequest(input, token) : api.rejectEmployeeRequest(input, token);
    },
  });
  if (waiting && !token) return <SecondFactor waiting={waiting} onWaiting={setWaiting} onToken={setToken} />;
  const known = invitation.data;
  const clinic = known?.data.legal_entity.public_name ?? known?.data.legal_entity.name ?? '';
  return (
    <Page title={t('invite_title')}>
      {invitation.isPending ? <Loader aria-label="…" /> : null}
      <Trouble error={invitation.error ?? entering.error ?? answering.error} words={words} />
      {known ? <Text>{t('invite_text', { clinic })}</Text> : null}
      {known && known.data.status !== 'NEW' ? <Done>{t('invite_over')}</Done> : null}
      {known?.data.status === 'NEW' && !token && !known.urgent?.user_id ? (
        <>
          <Text fw={600}>{t('invite_password')}</Text>
          <NewPasswordForm
            label={t('next')}
            pending={entering.isPending}
            onSubmit={(password) => entering.mutate({ password, is_new: true })}
          />
        </>
      ) : null}
      {known?.data.status === 'NEW' && !token && known.urgent?.user_id ? (
        <>
          <Text fw={600}>{t('invite_sign_in')}</Text>
          <PasswordForm
            email={known.data.party.email}
            fixed_email
            pending={entering.isPending}
            onSubmit={(_, password) => entering.mutate({ password, is_new: false })}
          />
        </>
      ) : null}
      {answering.isSuccess ? <Done>{t(answering.variables === 'approve' ? 'accepted' : 'declined')}</Done> : null}
      {token && !answering.isSuccess ? (
        <Stack gap="xs">
          <Button size="md" fullWidth onClick={() => answering.mutate('approve')} loading={answering.isPending}>
            {t('accept')}
          </Button>
          <Button
            size="md"
            fullWidth
            variant="default"
            onClick={() => answering.mutate('reject')}
            disabled={answering.isPending}
          >
            {t('decline')}
          </Button>
        </Stack>
      ) : null}
    </Page>
  );
}
