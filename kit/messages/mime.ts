import { randomUUID } from 'node:crypto';
import { DeliveryError, type Mail } from './types.ts';

/**
 * A mail as RFC 5322 text: UTF-8 in base64, so that every line is short and seven-bit whatever is written.
 * @throws DeliveryError for addresses and subjects that could smuggle in further headers.
 */
export function renderMail(mail: Mail, from: string, now: Date): string {
  const domain = addressOf(from).split('@')[1];
  const headers = [
    `From: ${encodeFrom(from)}`,
    `To: ${plainAddress(mail.to)}`,
    `Subject: ${encodeWords(oneLine(mail.subject))}`,
    `Date: ${now.toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${mail.id}@${domain}>`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
  ];
  const text = part('text/plain', mail.text);
  if (mail.html === undefined) return [...headers, text].join('\r\n');
  const boundary = `part-${randomUUID()}`;
  const parts = [text, part('text/html', mail.html)].map((one) => `--${boundary}\r\n${one}`);
  const type = `Content-Type: multipart/alternative; boundary="${boundary}"`;
  return [...headers, type, '', ...parts, `--${boundary}--`, ''].join('\r\n');
}

function part(type: string, content: string): string {
  const lines =
    Buffer.from(content.replace(/\r?\n/g, '\r\n'))
      .toString('base64')
      .match(/.{1,76}/g) ?? [];
  return [`Content-Type: ${type}; charset=utf-8`, 'Content-Transfer-Encoding: base64', '', ...lines, ''].join('\r\n');
}

/** The address of `Name <address>` or of a bare address. */
export function addressOf(mailbox: string): string {
  return plainAddress(/<([^<>]+)>\s*$/.exec(mailbox)?.[1] ?? mailbox);
}

const address_pattern = /^[\x21-\x7e]{1,64}@[A-Za-z0-9.-]{1,255}$/;

/** Seven-bit addresses only, without anything that ends a header or an SMTP command. */
export function plainAddress(address: string): string {
  if (address_pattern.test(address) && !/[<>()[\],;:\\"]/.test(address)) return address;
  throw new DeliveryError('The address is not one that mail can go to.', { permanent: true, carrier_code: 'address' });
}

function encodeFrom(mailbox: string): string {
  const name = /^(.*?)\s*<[^<>]+>\s*$/.exec(mailbox)?.[1];
  const address = addressOf(mailbox);
  return name ? `${encodeWords(oneLine(name))} <${address}>` : address;
}

function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').trim();
}

/** Encoded words of at most 75 characters that split no character (RFC 2047 §2). */
function encodeWords(text: string): string {
  if (/^[A-Za-z0-9 .,!?'-]{0,60}$/.test(text)) return text;
  const words: string[] = [];
  let word = '';
  for (const character of text) {
    if (Buffer.byteLength(word + character) > 45) {
      words.push(word);
      word = '';
    }
    word += character;
  }
  return [...words, word].map((one) => `=?UTF-8?B?${Buffer.from(one).toString('base64')}?=`).join('\r\n ');
}
