import { useLanguage } from '../language.tsx';
import { Page } from '../layout.tsx';

export function NotFoundPage() {
  const { t } = useLanguage();
  return <Page title={t('not_found_title')}>{null}</Page>;
}
