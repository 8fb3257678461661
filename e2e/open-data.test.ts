import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { findViolations, launchBrowser } from '@zdravo/web/testing/browser';
import { startStage, type TestStage } from './stage.ts';

let stage: TestStage;
let browser: Awaited<ReturnType<typeof launchBrowser>>;

before(async () => {
  [stage, browser] = await Promise.all([startStage({ with_country: true }), launchBrowser()]);
  await stage.platform.runJob('run_monthly_capitation');
});
after(async () => {
  await browser?.close();
  await stage?.close();
});

test('the page of open data has its style, no complaint of axe or of the browser, and its files can be downloaded', async () => {
  const index = `${stage.platform.address}/media/public/reports/index.html`;
  const context = await browser.newContext({ viewport: { width: 800, height: 600 } });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => void complaints.push(message.text()));
  const answer = await page.goto(index);
  assert.match(answer!.headers()['content-security-policy']!, /default-src 'none'.*sandbox/);
  // Before this test's own tools try to run scripts in the page.
  assert.deepEqual(complaints, []);
  const collapsed = await page
    .locator('table')
    .first()
    .evaluate((table) => getComputedStyle(table).borderCollapse);
  assert.equal(collapsed, 'collapse');
  for (const format of ['csv', 'json', 'parquet']) {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.click(`a:text-is("capitation.${format}")`, { modifiers: format === 'json' ? ['Alt'] : [] }),
    ]);
    assert.equal(download.suggestedFilename(), `capitation.${format}`);
  }
  // axe needs scripts, which the page's own policy forbids.
  const open = await (await browser.newContext({ bypassCSP: true })).newPage();
  await open.goto(index);
  assert.deepEqual(await findViolations(open), []);
});

test('the JSON Feed names every file at an address that answers with those bytes', async () => {
  const answer = await fetch(`${stage.platform.address}/media/public/reports/feed.json`);
  const feed = (await answer.json()) as {
    version: string;
    items: { url: string; date_published: string; attachments: { url: string; size_in_bytes: number }[] }[];
  };
  assert.equal(feed.version, 'https://jsonfeed.org/version/1.1');
  assert.match(feed.items[0]!.date_published, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
  for (const { url, size_in_bytes } of feed.items[0]!.attachments) {
    const file = await fetch(url);
    assert.deepEqual([file.status, (await file.arrayBuffer()).byteLength], [200, size_in_bytes], url);
  }
});
