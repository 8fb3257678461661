import type { PageSettings } from '../settings.ts';

let settings: Promise<PageSettings> | undefined;

/** Settings of the server; asked for once a page load, and again after a failure. */
export function getSettings(): Promise<PageSettings> {
  settings ??= fetchSettings().catch((error) => {
    settings = undefined;
    throw error;
  });
  return settings;
}

async function fetchSettings(): Promise<PageSettings> {
  const response = await fetch('/pages/settings.json');
  if (!response.ok) throw new Error(`the settings of the pages answered ${response.status}`);
  return (await response.json()) as PageSettings;
}
