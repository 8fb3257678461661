import { Button, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../api.ts';
import { EmailField, NewPasswordForm, submitting } from '../forms.tsx';
import { useLanguage } from '../language.tsx';
import { Done, Page, Trouble } from '../layout.tsx';

/** Without a link: ask for one. With the one from the mail: set a new password. */
export function RecoveryPage() {
  const { link } = useSearch({ strict: false }) as { link?: string };
  return link === undefined ? <AskForLink /> : <SetPassword link={link} />;
}

function AskForLink() {
  const { t } = useLanguage();
  const [email, setEmail] = useState('');
  const asking = useMutation({
    mutationFn: () => api.startRecovery({ body: { email: email.trim() } }),
  });
  return (
    <Page title={t('recover_title')}>
      <Text>{t('recover_text')}</Text>
      <form onSubmit={submitting(() => asking.mutate())}>
        <Stack>
          <EmailField value={email} onChange={setEmail} />
          <Trouble error={asking.error} />
          {asking.isSuccess ? <Done>{t('link_sent')}</Done> : null}
          <Button type="submit" size="md" fullWidth loading={asking.isPending}>
            {t('send_link')}
          </Button>
        </Stack>
      </form>
    </Page>
  );
}

const words = { not_found: 'invite_unknown', validation_failed: 'password_refused' } as const;

function SetPassword({ link }: { link: string }) {
  const { t } = useLanguage();
  const setting = useMutation({
    mutationFn: (password: string) => api.finishRecovery({ params: { id: link }, body: { password } }),
  });
  return (
    <Page title={t('recover_title')}>
      <Trouble error={setting.error} words={words} />
      {setting.isSuccess ? (
        <Done>{t('password_set')}</Done>
      ) : (
        <NewPasswordForm
          label={t('set_password')}
          pending={setting.isPending}
          onSubmit={(password) => setting.mutate(password)}
        />
      )}
    </Page>
  );
}
