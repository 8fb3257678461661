import type { HttpServer } from '@zdravo/kit/http';
import type { Outbox } from '@zdravo/kit/messages';

/**
 * Development only: SMS and mails as a phone and a mailbox would show them, at `/outbox`, and for programs at
 * `/outbox/messages`. `npm start` listens on the loopback address only.
 */
export function mountOutbox(app: HttpServer, outbox: Outbox): void {
  app.get('/outbox/messages', { schema: { hide: true } }, async () => outbox.list());
  app.get('/outbox', { schema: { hide: true } }, async (_request, reply) =>
    reply
      .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
      .type('text/html')
      .send(page(outbox)),
  );
}

function page(outbox: Outbox): string {
  const messages = outbox.list();
  const sms = messages.filter((one) => one.kind === 'sms').map((one) => bubble(`${one.phone}`, one.at, one.text));
  const mails = messages
    .filter((one) => one.kind === 'mail')
    .map((one) => bubble(`${one.to} · ${one.subject}`, one.at, one.text));
  return `<!DOCTYPE html>
<html lang="uk"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5"><title>Вихідні повідомлення · Zdravo</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
main { display: grid; gap: 2rem; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); }
article { border: 1px solid #8886; border-radius: .75rem; padding: .75rem 1rem; margin: 0 0 .75rem; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 0; } time { font-size: .875rem; } p { white-space: pre-wrap; margin: .25rem 0 0; }
</style></head>
<body><h1>Вихідні повідомлення</h1>
<p>Лише для розробки: сюди потрапляють SMS і листи замість телефонів та скриньок.</p>
<main><section aria-label="SMS"><h2>SMS</h2>${sms.join('') || '<p>Поки що нічого.</p>'}</section>
<section aria-label="Листи"><h2>Листи</h2>${mails.join('') || '<p>Поки що нічого.</p>'}</section></main></body></html>`;
}

function bubble(to: string, at: string, text: string): string {
  return `<article><h3>${escaped(to)}</h3><time datetime="${at}">${at.slice(11, 19)} UTC</time><p>${escaped(text)}</p></article>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.codePointAt(0)};`);
}
