import { Button, Stack, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { api, signIn } from '../api.ts';
import { NewPasswordForm, PasswordForm } from '../forms.tsx';
import { useLanguage } from '../language.tsx';
import { Done, Loading, Page, Trouble } from '../layout.tsx';
import { useSignInProgress } from '../sign-in-progress.ts';
import { SecondFactor } from './second-factor.tsx';

type Invitation = Awaited<ReturnType<typeof api.getInvite>>['data'];

const words = {
  not_found: 'invite_unknown',
  employee_request_decided: 'invite_over',
  employee_request_expired: 'invite_over',
  user_exists: 'invite_user_exists',
  validation_failed: 'password_refused',
  password_wrong: 'wrong_credentials',
  password_expired: 'password_expired',
  user_blocked: 'user_blocked',
  token_invalid: 'session_ended',
} as const;

const scope = 'employee_request:approve employee_request:reject';

/** A link from the mail: choose a password when there is none, sign in, accept or decline. */
export function InvitationPage() {
  const { t } = useLanguage();
  const { invite = '' } = useSearch({ strict: false }) as { invite?: string };
  const invitation = useQuery({
    queryKey: ['invite', invite],
    queryFn: () => api.getInvite({ params: { hash: invite } }),
    retry: 0,
  });
  if (!invitation.data)
    return (
      <Page title={t('invite_title')}>
        {invitation.isPending ? <Loading /> : null}
        <Trouble error={invitation.error} words={words} />
      </Page>
    );
  const { data, urgent } = invitation.data;
  if (data.status !== 'NEW')
    return (
      <Page title={t('invite_title')}>
        <Offer invitation={data} />
        <Done>{t('invite_over')}</Done>
      </Page>
    );
  return <OpenInvitation invitation={data} has_user={Boolean(urgent?.user_id)} />;
}

/** Who invites, and to what position in the words of the dictionary. */
function Offer({ invitation }: { invitation: Invitation }) {
  const { t } = useLanguage();
  const positions = useQuery({
    queryKey: ['dictionary', 'POSITION'],
    queryFn: () => api.listDictionaries({ query: { name: 'POSITION' } }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const position = positions.data?.data[0]?.values[invitation.position];
  return (
    <div>
      <Text>{t('invite_text', { clinic: clinicOf(invitation) })}</Text>
      {position === undefined ? null : <Text>{t('invite_position', { position })}</Text>}
    </div>
  );
}

function clinicOf({ legal_entity }: Invitation): string {
  return legal_entity.public_name ?? legal_entity.name;
}

function OpenInvitation(props: { invitation: Invitation; has_user: boolean }) {
  const progress = useSignInProgress();
  const { token, waiting, onWaiting, onToken } = progress;
  if (token) return <Answer invitation={props.invitation} token={token} />;
  if (waiting) return <SecondFactor waiting={waiting} onWaiting={onWaiting} onToken={onToken} />;
  return <Entrance {...props} onEntered={progress.proceed} />;
}

type EntranceProps = {
  invitation: Invitation;
  has_user: boolean;
  onEntered(answer: Awaited<ReturnType<typeof signIn>>): void;
};

/** The invited one signs in: with the password that they have, or with one that they choose now. */
function Entrance({ invitation, has_user, onEntered }: EntranceProps) {
  const { t } = useLanguage();
  const { id, party } = invitation;
  const entering = useMutation({
    mutationFn: async (password: string) => {
      if (!has_user) await api.createInvitedUser({ params: { id }, body: { password } });
      return signIn(party.email, password, scope);
    },
    onSuccess: onEntered,
  });
  return (
    <Page title={t('invite_title')}>
      <Trouble error={entering.error} words={words} />
      <Offer invitation={invitation} />
      <Text fw={600}>{t(has_user ? 'invite_sign_in' : 'invite_password')}</Text>
      {has_user ? (
        <PasswordForm
          email={party.email}
          fixed_email
          pending={entering.isPending}
          onSubmit={(_, password) => entering.mutate(password)}
        />
      ) : (
        <NewPasswordForm
          email={party.email}
          label={t('next')}
          pending={entering.isPending}
          onSubmit={entering.mutate}
        />
      )}
    </Page>
  );
}

function Answer({ invitation, token }: { invitation: Invitation; token: string }) {
  const { t } = useLanguage();
  const answering = useMutation({
    mutationFn: (answer: 'approve' | 'reject') => {
      const input = { params: { id: invitation.id } };
      return answer === 'approve' ? api.approveEmployeeRequest(input, token) : api.rejectEmployeeRequest(input, token);
    },
  });
  const { mutate, variables, isPending, isSuccess } = answering;
  return (
    <Page title={t('invite_title')}>
      <Trouble error={answering.error} words={words} />
      <Offer invitation={invitation} />
      {isSuccess ? (
        <Done>{t(variables === 'approve' ? 'accepted' : 'declined')}</Done>
      ) : (
        <Stack gap="xs">
          <Button size="md" fullWidth onClick={() => mutate('approve')} loading={isPending}>
            {t('accept')}
          </Button>
          <Button size="md" fullWidth variant="default" onClick={() => mutate('reject')} disabled={isPending}>
            {t('decline')}
          </Button>
        </Stack>
      )}
    </Page>
  );
}
