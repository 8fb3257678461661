import { Anchor, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useLanguage } from '../language.tsx';
import { Page } from '../layout.tsx';

/** For an address that no page has. */
export function NotFoundPage() {
  const { t } = useLanguage();
  return (
    <Page title={t('not_found_title')}>
      <Text>{t('not_found_text')}</Text>
      <Anchor component={Link} to="/">
        {t('to_start')}
      </Anchor>
    </Page>
  );
}
