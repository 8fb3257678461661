import '@mantine/core/styles.css';
import './pages.css';
import { type CSSVariablesResolver, createTheme, InputWrapper, MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { LanguageProvider } from './language.tsx';
import { router } from './router.tsx';

const theme = createTheme({
  primaryColor: 'teal',
  primaryShade: 9,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  defaultRadius: 'md',
  // Everything that is asked for is required; a star at each field would only be noise.
  components: { InputWrapper: InputWrapper.extend({ defaultProps: { withAsterisk: false } }) },
});
const queries = new QueryClient({ defaultOptions: { queries: { retry: 1 }, mutations: { retry: 0 } } });

/** The library's own shades of secondary text and of a button under the pointer are too pale for WCAG AA. */
const cssVariables: CSSVariablesResolver = () => ({
  variables: { '--mantine-primary-color-filled-hover': '#066649' },
  light: { '--mantine-color-dimmed': '#495057' },
  dark: { '--mantine-color-dimmed': '#b3b8bd' },
});

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto" cssVariablesResolver={cssVariables}>
      <QueryClientProvider client={queries}>
        <LanguageProvider>
          <RouterProvider router={router} />
        </LanguageProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
