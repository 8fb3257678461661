import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import chromium_package from '@sparticuz/chromium';
import { type Browser, chromium, type Page } from 'playwright-core';

/**
 * A real browser without a system package: the Chromium inside an npm package, with its bundled libraries where the system has
 * none; `CHROMIUM_PATH` names another.
 */
export async function launchBrowser(): Promise<Browser> {
  const own = process.env['CHROMIUM_PATH'];
  const executablePath = own ?? (await chromium_package.executablePath());
  const libraries = join(tmpdir(), 'al2023', 'lib');
  const env = { ...process.env } as Record<string, string>;
  if (!own && existsSync(libraries))
    env['LD_LIBRARY_PATH'] = [env['LD_LIBRARY_PATH'], libraries].filter(Boolean).join(delimiter);
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--disable-background-networking',
    '--disable-component-update',
  ];
  return chromium.launch({ executablePath, args, headless: true, env });
}

export type Violation = { id: string; help: string; nodes: string[] };

/** What axe finds wrong on a page; rules of WCAG 2.2 A and AA and its best practices. */
export async function findViolations(page: Page): Promise<Violation[]> {
  const source = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
  await page.evaluate(await readFile(source, 'utf8'));
  return page.evaluate(async () => {
    // biome-ignore lint/suspicious/noExplicitAny: axe puts itself on the page's window
    const { violations } = await (window as any).axe.run();
    return violations.map((one: { id: string; help: string; nodes: { html: string; failureSummary: string }[] }) => ({
      id: one.id,
      help: one.help,
      nodes: one.nodes.map((node) => `${node.html.slice(0, 120)} ${node.failureSummary}`),
    }));
  });
}
