import { createHash } from 'node:crypto';
import type { HttpServer } from '@zdravo/kit/http';
import type { Outbox, OutboxMessage } from '@zdravo/kit/messages';

/**
 * Development only: SMS and mails as a phone and a mailbox would show them, at `/outbox`, and for programs at
 * `/outbox/messages`. `npm start` listens on the loopback address only.
 */
export function mountOutbox(app: HttpServer, outbox: Outbox): void {
  app.get('/outbox/messages', { schema: { hide: true } }, async () => outbox.list());
  app.get('/outbox', { schema: { hide: true } }, async (request, reply) => {
    const language = /^\s*en/i.test(request.headers['accept-language'] ?? '') ? 'en' : 'uk';
    return reply
      .headers({ 'content-security-policy': policy, vary: 'accept-language' })
      .type('text/html; charset=utf-8')
      .send(page(outbox.list(), language));
  });
}

const texts = {
  uk: {
    title: 'SMS і листи',
    about: 'Лише на комп’ютері розробника: що отримали б телефони та поштові скриньки. Оновлюється саме.',
    back: 'На головну',
    mails: 'Пошта',
    none: 'Поки що нічого.',
  },
  en: {
    title: 'SMS and mails',
    about: 'On a developer’s machine only: what phones and mailboxes would get. It refreshes itself.',
    back: 'To the start page',
    mails: 'Mail',
    none: 'Nothing yet.',
  },
};
type Language = keyof typeof texts;

/** Reloads when another message has come; a timed refresh would take a screen reader back to the top. */
const script = `
const shown = document.body.dataset.newest;
setInterval(async () => {
  const messages = await fetch('/outbox/messages').then((response) => response.json()).catch(() => undefined);
  if (messages && (messages[0]?.id ?? '') !== shown) location.reload();
}, 2000);
`;

const policy =
  `default-src 'none'; style-src 'unsafe-inline'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; ` +
  `script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`;

const style = `
:root { color-scheme: light dark; --card: light-dark(#fff, #1c2423); --line: light-dark(#d5dddb, #3a4644); --accent: light-dark(#08647f, #6cc7b5);
  font: 16px/1.5 system-ui, sans-serif; background: light-dark(#f3f7f6, #101615); }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
a { color: var(--accent); }
h1 { margin: .5rem 0; } h2 { font-size: 1.1rem; margin: 0 0 .75rem; } h3 { font-size: 1rem; margin: 0; }
.both { display: grid; gap: 1.5rem; align-items: start; grid-template-columns: repeat(auto-fit, minmax(min(18rem, 100%), 1fr)); margin-top: 1.5rem; }
.phone, .mailbox { background: var(--card); border: 1px solid var(--line); padding: 1.25rem; border-radius: 1rem; }
.phone { border-width: 6px; border-radius: 2rem; min-height: 22rem; }
article { overflow-wrap: anywhere; margin: 0 0 1rem; }
.phone p { background: light-dark(#dff1ec, #234540); border-radius: 1rem 1rem 1rem .25rem; padding: .5rem .9rem; }
.mailbox article { border-bottom: 1px solid var(--line); padding-bottom: 1rem; }
time, .to { font-size: .875rem; } p { white-space: pre-wrap; margin: .25rem 0 0; }
`;

function page(messages: readonly OutboxMessage[], language: Language): string {
  const t = texts[language];
  const sms = messages.filter((one) => one.kind === 'sms').map((one) => article(one.phone, one, ''));
  const mails = messages.filter((one) => one.kind === 'mail').map((one) => article(one.subject, one, one.to));
  const list = (articles: string[]) => articles.join('') || `<p>${t.none}</p>`;
  return `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${t.title} · Zdravo</title><style>${style}</style></head>
<body data-newest="${messages[0]?.id ?? ''}"><main><a href="/">${t.back}</a><h1>${t.title}</h1><p>${t.about}</p><div class="both">
<section class="phone" aria-label="SMS"><h2>SMS</h2>${list(sms)}</section>
<section class="mailbox" aria-label="${t.mails}"><h2>${t.mails}</h2>${list(mails)}</section></div></main>
<script>${script}</script></body></html>`;
}

function article(heading: string, { at, text }: OutboxMessage, to: string): string {
  const head = `<h3>${escaped(heading)}</h3>${to && `<div class="to">${escaped(to)}</div>`}`;
  return `<article>${head}<time datetime="${at}">${at.slice(11, 19)} UTC</time><p>${linked(text)}</p></article>`;
}

/** The text with its addresses to follow, as a mailbox shows them. */
function linked(text: string): string {
  return escaped(text).replace(/https?:\/\/[^\s<]+/g, (address) => `<a href="${address}">${address}</a>`);
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.codePointAt(0)};`);
}
