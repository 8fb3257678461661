import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isRedirectUri } from './redirect-uri.ts';

test('addresses of programs are taken as they are', () => {
  for (const text of ['http://example2.com', 'https://mis.example/callback?from=zdravo', 'http://localhost:3000/oauth'])
    assert.ok(isRedirectUri(text), text);
});

test('what a browser must not be sent to is refused', () => {
  const wicked = [
    'javascript:alert(1)',
    'data:text/html,x',
    '//evil.example/',
    '/callback',
    'https://mis.example/#token',
    'https://mis.example@evil.example/',
    'https://mis.example/\r\nSet-Cookie: a=b',
    'https://мис.example/',
    'https:\\\\evil.example',
    'https://',
    '',
  ];
  for (const text of wicked) assert.equal(isRedirectUri(text), false, text);
});

test('whatever is taken stays on its own host in every browser', () => {
  fc.assert(
    fc.property(fc.oneof(fc.webUrl({ withQueryParameters: true }), fc.string()), (text) => {
      if (!isRedirectUri(text)) return;
      const host = /^https?:\/\/([^/?]*)/.exec(text)![1]!;
      assert.equal(new URL(text).host.replace(/:\d+$/, ''), host.toLowerCase().replace(/:\d*$/, ''));
    }),
  );
});
