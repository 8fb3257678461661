import {
  Alert,
  Anchor,
  Box,
  Container,
  Group,
  Loader,
  Paper,
  SegmentedControl,
  Stack,
  Text,
  Title,
} from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Problem } from '@zdravo/kit/problem';
import { type ReactNode, useEffect, useRef } from 'react';
import { useLanguage } from './language.tsx';
import type { Language, TextName } from './texts.ts';

/** One card in the middle of the page: a step of a process. */
export function Page({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Frame title={title} width={460}>
      <Paper component="main" withBorder shadow="sm" radius="lg" p={{ base: 'lg', sm: 'xl' }}>
        <Content title={title}>{children}</Content>
      </Paper>
    </Frame>
  );
}

/** A page to read. */
export function WidePage({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Frame title={title} width={880}>
      <main>
        <Content title={title}>{children}</Content>
      </main>
    </Frame>
  );
}

function Content({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack gap="lg">
      <Title order={1} size="h2" tabIndex={-1} ref={useLostFocus(title)} className="page-title">
        {title}
      </Title>
      {children}
    </Stack>
  );
}

/** Whether a page has been shown since the document came; where reading begins in the first one, the browser knows. */
let is_shown = false;

/** The heading of a step takes the focus that went with what was pressed before: a screen reader says where one is now. */
function useLostFocus(title: string) {
  const heading = useRef<HTMLHeadingElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each title is a step of its own
  useEffect(() => {
    if (is_shown && document.activeElement === document.body) heading.current?.focus();
    is_shown = true;
  }, [title]);
  return heading;
}

/** The product's name and the choice of language above a page. */
function Frame({ title, width, children }: { title: string; width: number; children: ReactNode }) {
  const { t } = useLanguage();
  useEffect(() => {
    document.title = `${title} · Zdravo`;
  }, [title]);
  return (
    <Container size={width} px="md" py={{ base: 'md', sm: 48 }}>
      <Group component="header" justify="space-between" mb="xl" wrap="nowrap">
        <Anchor component={Link} to="/" c="inherit" underline="never" className="brand">
          <Box className="mark" aria-hidden="true" />
          <Text size="sm" fw={600} lh={1.3}>
            {t('product')}
          </Text>
        </Anchor>
        <LanguageChoice />
      </Group>
      {children}
    </Container>
  );
}

function LanguageChoice() {
  const { t, language, speak } = useLanguage();
  return (
    <SegmentedControl
      aria-label={t('language')}
      size="xs"
      flex="none"
      value={language}
      onChange={(value) => speak(value as Language)}
      data={[
        { value: 'uk', label: 'УКР' },
        { value: 'en', label: 'ENG' },
      ]}
    />
  );
}

/** That something is under way. */
export function Loading() {
  const { t } = useLanguage();
  return <Loader role="status" aria-label={t('loading')} />;
}

/** What went wrong, read out as soon as it shows. */
export function Trouble({ error, words = {} }: { error: unknown; words?: Partial<Record<string, TextName>> }) {
  const { t } = useLanguage();
  if (!error) return null;
  return (
    <Alert
      role="alert"
      color="red"
      variant="light"
      title={t(wordsOf(error, words))}
      classNames={{ title: 'alert-title' }}
    />
  );
}

function wordsOf(error: unknown, words: Partial<Record<string, TextName>>): TextName {
  if (!(error instanceof Problem)) return 'failed';
  const known = words[error.code];
  if (known) return known;
  if (error.code === 'unreachable') return 'unreachable';
  return error.status === 429 ? 'too_many' : 'failed';
}

/** That it worked, read out as soon as it shows. */
export function Done({ children }: { children: ReactNode }) {
  return <Alert role="status" color="teal" variant="light" classNames={{ title: 'alert-title' }} title={children} />;
}
