import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  createCertificateAuthority,
  createTrustStore,
  issueCertificate,
  one_signature,
  toKeyFile,
  verify,
} from '../index.ts';
import { readKeyFileInBrowser, signInBrowser } from './sign-in-browser.ts';

const content = new TextEncoder().encode('{"a":"ї"}');
const authority = createCertificateAuthority({ name: 'Authority' });

test('what a browser signs is a good container', async () => {
  const trust = createTrustStore({ anchors: [authority.certificate] });
  for (let i = 0; i < 20; i++) {
    const key_file = readKeyFileInBrowser(
      toKeyFile(issueCertificate(authority, { common_name: 'Doctor', drfo: `000000000${i}` })),
    );
    const result = await verify(await signInBrowser(content, key_file), one_signature, trust, { at: new Date() });
    assert.equal(result.indication, 'TOTAL_PASSED', result.validation_error_message);
    assert.equal(result.signatures[0]?.signer.drfo, `000000000${i}`);
  }
});

test('another key or an incomplete file is refused in words', async () => {
  assert.throws(() => readKeyFileInBrowser('nothing'), /no private key/);
  const dstu = issueCertificate(authority, { common_name: 'Doctor', algorithm: 'dstu-257' });
  await assert.rejects(signInBrowser(content, readKeyFileInBrowser(toKeyFile(dstu))), /Only a key of ECDSA P-256/);
});

test('nothing of Node.js reaches the browser', () => {
  const seen = new Set<string>();
  const visit = (url: URL): void => {
    if (seen.has(url.href)) return;
    seen.add(url.href);
    const source = readFileSync(url, 'utf8');
    for (const [, target] of source.matchAll(/^(?:import|export)(?! type)[^;]*? from '([^']+)'/gm)) {
      assert.ok(target!.startsWith('.'), `${url.pathname} imports ${target}`);
      visit(new URL(target!, url));
    }
    assert.doesNotMatch(source.replaceAll(/\/\*[\s\S]*?\*\//g, ''), /\bBuffer\b/, url.pathname);
  };
  visit(new URL('./sign-in-browser.ts', import.meta.url));
  assert.ok(seen.size > 4);
});
