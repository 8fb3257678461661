import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { type Language, type TextName, textOf } from './texts.ts';

type Spoken = {
  language: Language;
  speak(language: Language): void;
  t(name: TextName, values?: Record<string, string>): string;
};

const Context = createContext<Spoken | undefined>(undefined);
const storage_key = 'zdravo.language';

function firstLanguage(): Language {
  const kept = localStorage.getItem(storage_key);
  if (kept === 'uk' || kept === 'en') return kept;
  return navigator.language.startsWith('en') ? 'en' : 'uk';
}

/** The language of the pages: remembered, and told to screen readers by `lang`. */
export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(firstLanguage);
  useEffect(() => {
    document.documentElement.lang = language;
    localStorage.setItem(storage_key, language);
  }, [language]);
  const spoken = useMemo<Spoken>(
    () => ({ language, speak: setLanguage, t: (name, values) => textOf(name, language, values) }),
    [language],
  );
  return <Context value={spoken}>{children}</Context>;
}

/** The language of the pages, and their texts in it. */
export function useLanguage(): Spoken {
  const spoken = useContext(Context);
  if (!spoken) throw new Error('a page stands outside LanguageProvider');
  return spoken;
}
