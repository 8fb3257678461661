import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  type CertificateFiles,
  createCertificateAuthority,
  createTrustStore,
  issueCertificate,
  one_signature,
  toKeyFile,
  verify,
} from '@zdravo/signature';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from './testing/browser.ts';

// What `@zdravo/signature/browser` signs in a real browser, by its own WebCrypto and under a policy that allows no eval.

let browser: Browser;
let page: Page;
const repository = join(import.meta.dirname, '..');
const authority = createCertificateAuthority({ name: 'Authority' });
const trust = createTrustStore({ anchors: [authority.certificate] });
const content = '{"declaration":{"person":"Їжак"}}';

before(async () => {
  browser = await launchBrowser();
  page = await browser.newPage();
  await page.route('http://localhost/**', async (route) => {
    const { pathname } = new URL(route.request().url());
    if (!pathname.endsWith('.ts'))
      return route.fulfill({
        contentType: 'text/html',
        headers: { 'content-security-policy': "default-src 'none'; script-src 'self'" },
        body: '<!doctype html><title>signing</title>',
      });
    const source = await readFile(join(repository, pathname), 'utf8');
    return route.fulfill({ contentType: 'text/javascript', body: stripTypeScriptTypes(source) });
  });
  await page.goto('http://localhost/');
});
after(() => browser?.close());

/** Signs in the page. @returns the container, or the error's words. */
async function signOnPage(key_file: string): Promise<Buffer | string> {
  const answer = await page.evaluate(
    async ({ key_file, content }) => {
      const address = '/lib/signature/browser/sign-in-browser.ts';
      const { readKeyFileInBrowser, signInBrowser } = await import(address);
      try {
        const signed: Uint8Array = await signInBrowser(
          new TextEncoder().encode(content),
          readKeyFileInBrowser(key_file),
        );
        return { octets: [...signed] };
      } catch (error) {
        return { message: (error as Error).message };
      }
    },
    { key_file, content },
  );
  return answer.octets ? Buffer.from(answer.octets) : answer.message!;
}

const signer = (given: object = {}): CertificateFiles =>
  issueCertificate(authority, { common_name: 'Лікар', drfo: '0012345678', ...given });

test('a document that was signed in a browser holds, and says who signed', async () => {
  const container = await signOnPage(toKeyFile(signer()));
  assert.ok(Buffer.isBuffer(container), String(container));
  const result = await verify(container, one_signature, trust, { at: new Date() });
  assert.equal(result.indication, 'TOTAL_PASSED', result.validation_error_message);
  assert.equal(Buffer.from(result.content!).toString(), content);
  assert.equal(result.signatures[0]?.signer.drfo, '0012345678');
  const tampered = Uint8Array.from(container, (octet, at) => (at === container.indexOf('Ї') ? octet ^ 1 : octet));
  assert.equal((await verify(tampered, one_signature, trust, { at: new Date() })).sub_indication, 'HASH_FAILURE');
});

test('a key that does not sign in a browser is refused in words', async () => {
  assert.match(String(await signOnPage(toKeyFile(signer({ algorithm: 'dstu-257' })))), /Only a key of ECDSA P-256/);
  assert.match(String(await signOnPage('nothing')), /no private key/);
});
