import { Anchor, Group, List, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { api } from '../api.ts';
import { useLanguage } from '../language.tsx';
import { Trouble, WidePage } from '../layout.tsx';
import { getSettings } from '../settings.ts';
import type { TextName } from '../texts.ts';

/** What this is, who signs in where, and what anybody may look at without signing in. */
export function StartPage() {
  const { t } = useLanguage();
  return (
    <WidePage title={t('start_title')}>
      <Text size="lg">{t('start_text')}</Text>
      <Numbers />
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="lg">
        <Section title="start_staff">
          <Text>{t('start_staff_text')}</Text>
          <Anchor component={Link} to="/recover">
            {t('forgot')}
          </Anchor>
        </Section>
        <Section title="start_patients">
          <Text>{t('start_patients_text')}</Text>
          <Anchor href="/verify/">{t('verify_record')}</Anchor>
        </Section>
        <Section title="start_vendors">
          <Text>{t('start_vendors_text')}</Text>
          <Anchor href="/api/docs">{t('api_reference')}</Anchor>
          <Anchor href="/api/openapi.json">OpenAPI 3.1</Anchor>
        </Section>
        <Section title="start_open_data">
          <PublishedReports />
          <Anchor href="/log/checkpoint">{t('log_checkpoint')}</Anchor>
        </Section>
        <OnThisMachine />
      </SimpleGrid>
    </WidePage>
  );
}

function Section({ title, children }: { title: TextName; children: ReactNode }) {
  const { t } = useLanguage();
  return (
    <Paper component="section" aria-labelledby={title} withBorder radius="lg" p="lg">
      <Stack gap="xs">
        <Title order={2} size="h4" id={title}>
          {t(title)}
        </Title>
        {children}
      </Stack>
    </Paper>
  );
}

const shown = ['declarations', 'doctors', 'msps', 'pharmacies'] as const;

/** The country's main numbers, as everybody may see them. */
function Numbers() {
  const { t, language } = useLanguage();
  const numbers = useQuery({ queryKey: ['numbers'], queryFn: () => api.mainStats({}) });
  if (!numbers.data) return <Trouble error={numbers.error} />;
  const { data } = numbers.data;
  return (
    <Group component="dl" gap="xl" my={0}>
      {shown.map((name) => (
        <div key={name} className="number">
          <dt>{t(`count_${name}`)}</dt>
          <dd>{data[name].toLocaleString(language)}</dd>
        </div>
      ))}
    </Group>
  );
}

/** The files of the last published months. */
function PublishedReports() {
  const { t, language } = useLanguage();
  const reports = useQuery({
    queryKey: ['reports'],
    queryFn: () => api.listPublishedReports({ query: { page_size: 6 } }),
  });
  if (!reports.data) return <Trouble error={reports.error} />;
  const { data } = reports.data;
  if (data.length === 0) return <Text>{t('no_reports')}</Text>;
  const month = new Intl.DateTimeFormat(language, { month: 'long', year: 'numeric', timeZone: 'UTC' });
  return (
    <>
      <Text>{t('start_open_data_text')}</Text>
      <List spacing={4}>
        {data.map((report) => (
          <List.Item key={report.id}>
            <Anchor href={report.public_url}>
              {t('capitation_for', { month: month.format(new Date(report.billing_date)) })}
            </Anchor>
          </List.Item>
        ))}
      </List>
    </>
  );
}

function OnThisMachine() {
  const { t } = useLanguage();
  const { data } = useQuery({ queryKey: ['settings'], queryFn: getSettings });
  if (!data?.development) return null;
  return (
    <Section title="start_development">
      <Text>{t('start_development_text')}</Text>
      <Anchor href={data.development.outbox}>{t('outbox')}</Anchor>
      <Anchor href={data.development.sign_in}>{t('demo_sign_in')}</Anchor>
    </Section>
  );
}
