import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import chromium_package from '@sparticuz/chromium';
import { type Browser, chromium, type Page } from 'playwright-core';

const require = createRequire(import.meta.url);

/**
 * A real browser without a system package: the Chromium inside an npm package, with the libraries that it brings where the
 * system lacks some; `CHROMIUM_PATH` names another.
 */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM_PATH'] ?? (await chromium_package.executablePath());
  try {
    return await launch(executablePath, {});
  } catch (error) {
    if (!/shared libraries/.test((error as Error).message)) throw error;
    return launch(executablePath, { LD_LIBRARY_PATH: await bundledLibraries() });
  }
}

function launch(executablePath: string, more: Record<string, string>): Promise<Browser> {
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--disable-background-networking',
    '--disable-component-update',
  ];
  return chromium.launch({
    executablePath,
    args,
    headless: true,
    env: { ...(process.env as Record<string, string>), ...more },
  });
}

/** The package's own libraries (NSS and its like), unpacked once. @returns their folder. */
export async function bundledLibraries(): Promise<string> {
  const folder = join(tmpdir(), 'zdravo-chromium-libraries');
  if (existsSync(folder)) return join(folder, 'lib');
  const packed = join(dirname(require.resolve('@sparticuz/chromium')), '..', 'bin', 'al2023.tar.br');
  const unfinished = `${folder}.${process.pid}`;
  await mkdir(unfinished, { recursive: true });
  const archive = join(unfinished, 'libraries.tar');
  await writeFile(archive, await promisify(brotliDecompress)(await readFile(packed)));
  await promisify(execFile)('tar', ['--extract', '--file', archive, '--directory', unfinished]);
  await rename(unfinished, folder);
  return join(folder, 'lib');
}

export type Violation = { id: string; help: string; nodes: string[] };

/** What axe finds wrong on a page; rules of WCAG 2.2 A and AA and its best practices. */
export async function findViolations(page: Page): Promise<Violation[]> {
  const source = require.resolve('axe-core/axe.min.js');
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
