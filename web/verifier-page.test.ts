import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { after, before, test } from 'node:test';
import { createLogFiles, type FindLogFile, findVerifierFile, parsePolicy, TlogError } from '@zdravo/tlog';
import { hostileReceipts, type SampleReceipts, sampleReceipts } from '@zdravo/tlog/testing';
import { verifyReceiptFile, verifyRecordFile } from '@zdravo/tlog/verifier';
import type { Browser, Page } from 'playwright-core';
import { findViolations, launchBrowser } from './testing/browser.ts';

// The static page in a real browser, served by nothing but a web server for files: WebCrypto has the last word.

let browser: Browser;
let server: Server;
let address: string;
let log: SampleReceipts;
const size = 300;

before(async () => {
  log = await sampleReceipts(size);
  const log_files = createLogFiles({
    tiles: log.tiles,
    checkpoint: async () => log.checkpoint,
    texts: { policy: log.policy },
  });
  server = serveFiles({ '/verify/': findVerifierFile, '/log/': log_files });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  // WebCrypto is there in secure contexts only: HTTPS, and the machine itself.
  address = `http://localhost:${(server.address() as { port: number }).port}/verify/`;
  browser = await launchBrowser();
});
after(async () => {
  await browser?.close();
  server?.close();
});

function serveFiles(folders: Record<string, FindLogFile>): Server {
  return createServer(async (request, response) => {
    const path = request.url!.split('?')[0]!;
    const folder = Object.keys(folders).find((one) => path.startsWith(one));
    const file = folder && (await folders[folder]!(path.slice(folder.length)));
    if (!file) return response.writeHead(404).end();
    return response.writeHead(200, { 'content-type': file.content_type }).end(file.bytes);
  });
}

async function open(fragment = ''): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(15_000);
  await page.goto(address + fragment);
  await page.waitForFunction(() => (document.getElementById('policy') as HTMLTextAreaElement).value !== '');
  return page;
}

async function verdictOn(page: Page, receipt: unknown): Promise<string> {
  await page.locator('#verdict').evaluate((element) => element.replaceChildren());
  await page.locator('#receipt').fill(JSON.stringify(receipt));
  await page.locator('button[type=submit]').click();
  return readVerdict(page);
}

async function readVerdict(page: Page): Promise<string> {
  await page.locator('#verdict p').first().waitFor();
  return (await page.locator('#verdict p').allTextContents()).join('\n');
}

test('a good receipt is verified and shown with its record; an altered one is not', async () => {
  const page = await open();
  const file = await log.fileOf(41);
  const good = await verdictOn(page, { meta: { code: 200 }, data: file });
  assert.match(good, /^Підтверджено\. Verified\.\ndeclaration, create, version 1: leaf 41 of 300 in /);
  assert.match(good, /id: record-41/);
  assert.match(good, /witnesses: one \(2023-.*two \(2023-/);
  assert.deepEqual(await findViolations(page), []);
  const record = file['record'] as { body: string };
  const altered = { ...file, record: { ...record, body: record.body.replace('запис', 'зaпис') } };
  assert.match(await verdictOn(page, altered), /^Не підтверджено\. Not verified\./);
  assert.match(await verdictOn(page, { ...file, entry: (await log.fileOf(42))['entry'] }), /Not verified/);
  assert.match(await verdictOn(page, 'no receipt at all'), /Not verified/);
  assert.deepEqual(await findViolations(page), []);
  await page.locator('#policy').fill('quorum none\n');
  assert.match(await verdictOn(page, file), /Not verified/);
});

test('receipt and policy are taken from files, and neither leaves the browser', async () => {
  const page = await open();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(`${request.method()} ${request.url()}`));
  const upload = (id: string, text: Uint8Array) =>
    page.locator(id).setInputFiles({ name: 'file', mimeType: 'text/plain', buffer: Buffer.from(text) });
  await upload('#receipt_file', Buffer.from(JSON.stringify(await log.fileOf(7))));
  await upload('#policy_file', log.policy);
  await page.waitForFunction(() => (document.getElementById('receipt') as HTMLTextAreaElement).value !== '');
  await page.locator('button[type=submit]').click();
  assert.match(await readVerdict(page), /Verified/);
  assert.deepEqual(asked, []);
});

test('the code of a printed sheet is verified from the published tiles; a forged sheet is not', async () => {
  const leaf = (await log.fileOf(260))['leaf_hash'] as string;
  assert.match(await readVerdict(await open(`#index=260&leaf=${leaf}`)), /^Підтверджено[\s\S]*leaf 260 of 300/);
  assert.match(await readVerdict(await open(`#index=261&leaf=${leaf}`)), /Not verified/);
  assert.match(await readVerdict(await open(`#index=9999&leaf=${leaf}`)), /Not verified/);
});

test('on every vector, true, altered and hostile, the browser says what the library says', async () => {
  const vectors = await hostileReceipts(log, 600);
  const page = await open();
  const said = await page.evaluate(
    async (given) => {
      const path = '/verify/verify.js';
      const { NotVerified, verifyReceiptFile, verifyRecordFile } = await import(path);
      const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
      const judge = async (verify: (file: Uint8Array, policy: Uint8Array) => Promise<unknown>, at: number) => {
        try {
          await verify(bytesOf(given[at]!.file), bytesOf(given[at]!.policy));
          return 'verified';
        } catch (error) {
          return error instanceof NotVerified ? 'refused' : String(error);
        }
      };
      const verdicts: string[][] = [];
      for (const at of given.keys())
        verdicts.push([await judge(verifyReceiptFile, at), await judge(verifyRecordFile, at)]);
      return verdicts;
    },
    vectors.map(({ file, policy }) => ({ file: base64(file), policy: base64(policy) })),
  );
  const expected = vectors.map(({ file, policy }) => [
    judgeByLibrary(verifyReceiptFile, file, policy),
    judgeByLibrary(verifyRecordFile, file, policy),
  ]);
  assert.deepEqual(said, expected);
  const verified = expected.filter(([receipt]) => receipt === 'verified').length;
  assert.ok(verified >= 20 && verified <= vectors.length - 300, `${verified} of ${vectors.length} verified`);
});

function judgeByLibrary(verify: typeof verifyReceiptFile, file: Uint8Array, policy: Uint8Array): string {
  try {
    verify(file, parsePolicy(policy));
    return 'verified';
  } catch (error) {
    if (error instanceof TlogError) return 'refused';
    throw error;
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
