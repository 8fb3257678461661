import { readFile } from 'node:fs/promises';
import { ConfigError } from '@zdravo/kit/config';
import {
  createSmppSender,
  createSmtpSender,
  createWebhookSmsSender,
  type MailSender,
  type SmsSender,
} from '@zdravo/kit/messages';
import { type Static, Type } from 'typebox';
import { isLoopback } from './production-guard.ts';
import { port, text } from './settings.ts';

/** By whom mails and SMS go out: a submission server, and either an HTTP gateway or an SMS centre. */
export const carrier_settings = {
  SMTP_HOST: text('the name of a mail submission server'),
  SMTP_PORT: port(587),
  SMTP_SECURITY: Type.Enum(['tls', 'starttls', 'none'], { default: 'starttls' }),
  SMTP_USER: Type.Optional(text('the user of the mail server')),
  SMTP_PASSWORD: Type.Optional(text('the password of that user')),
  SMTP_FROM: Type.String({
    pattern: '^([^<>@]+ <[^<>@\\s]+@[^<>@\\s]+>|[^<>@\\s]+@[^<>@\\s]+)$',
    description: 'the sender of mails, as in `Zdravo <no-reply@example.org>`',
  }),
  SMTP_CA_FILE: Type.Optional(text('the path of a private authority’s certificate in PEM')),
  SMS_WEBHOOK_URL: Type.Optional(Type.String({ pattern: '^https?://', description: 'the URL of an SMS gateway' })),
  SMS_WEBHOOK_SECRET: Type.Optional(
    Type.String({ minLength: 24, description: 'the secret of the SMS gateway, at least 24 characters' }),
  ),
  SMPP_HOST: Type.Optional(text('the name of an SMS centre')),
  SMPP_PORT: port(3550),
  SMPP_TLS: Type.Boolean({ default: true, description: 'true or false' }),
  SMPP_SYSTEM_ID: Type.Optional(
    Type.String({ minLength: 1, maxLength: 15, description: 'the user of the SMS centre, at most 15 characters' }),
  ),
  SMPP_PASSWORD: Type.Optional(
    Type.String({ minLength: 1, maxLength: 8, description: 'the password of the SMS centre, at most 8 characters' }),
  ),
  SMPP_SOURCE: Type.Optional(
    Type.String({
      pattern: '^([0-9]{1,15}|[A-Za-z0-9 .-]{1,11})$',
      description: 'the sender that phones show: a number, or up to 11 Latin letters',
    }),
  ),
};
const CarrierSettings = Type.Object(carrier_settings);
export type CarrierSettings = Static<typeof CarrierSettings>;

/**
 * The senders that the settings name.
 * @throws ConfigError when none or both ways of SMS are set, a part of one is missing, or a code would travel in clear
 * beyond this machine.
 */
export async function openCarriers(settings: CarrierSettings): Promise<{ mail: MailSender; sms: SmsSender }> {
  const problems = [...mailProblems(settings), ...smsProblems(settings)];
  if (problems.length > 0) throw new ConfigError(problems);
  return { mail: await mailSender(settings), sms: smsSender(settings) };
}

function mailProblems({ SMTP_HOST, SMTP_SECURITY, SMTP_USER, SMTP_PASSWORD }: CarrierSettings): string[] {
  const problems: string[] = [];
  if (SMTP_SECURITY === 'none' && !isLoopback(SMTP_HOST))
    problems.push('SMTP_SECURITY must be tls or starttls for a mail server outside this machine');
  if ((SMTP_USER === undefined) !== (SMTP_PASSWORD === undefined))
    problems.push(`${SMTP_USER === undefined ? 'SMTP_USER' : 'SMTP_PASSWORD'} is required beside the other of the two`);
  return problems;
}

function smsProblems(settings: CarrierSettings): string[] {
  const { SMS_WEBHOOK_URL, SMPP_HOST } = settings;
  if ((SMS_WEBHOOK_URL === undefined) === (SMPP_HOST === undefined))
    return ['either SMS_WEBHOOK_URL or SMPP_HOST is required, not both'];
  if (SMS_WEBHOOK_URL !== undefined) return webhookProblems(SMS_WEBHOOK_URL, settings);
  const missing = (['SMPP_SYSTEM_ID', 'SMPP_PASSWORD', 'SMPP_SOURCE'] as const)
    .filter((name) => settings[name] === undefined)
    .map((name) => `${name} is required beside SMPP_HOST`);
  if (settings.SMPP_TLS || isLoopback(SMPP_HOST!)) return missing;
  return [...missing, 'SMPP_TLS must be true for an SMS centre outside this machine (or a tunnel that ends on it)'];
}

function webhookProblems(url: string, { SMS_WEBHOOK_SECRET }: CarrierSettings): string[] {
  const problems: string[] = [];
  if (SMS_WEBHOOK_SECRET === undefined) problems.push('SMS_WEBHOOK_SECRET is required beside SMS_WEBHOOK_URL');
  if (!URL.canParse(url)) problems.push('SMS_WEBHOOK_URL must be the URL of an SMS gateway');
  else if (!url.startsWith('https:') && !isLoopback(new URL(url).hostname))
    problems.push('SMS_WEBHOOK_URL must be https outside this machine');
  return problems;
}

async function mailSender(settings: CarrierSettings): Promise<MailSender> {
  const { SMTP_USER: user, SMTP_PASSWORD: password, SMTP_CA_FILE } = settings;
  return createSmtpSender({
    host: settings.SMTP_HOST,
    port: settings.SMTP_PORT,
    security: settings.SMTP_SECURITY,
    from: settings.SMTP_FROM,
    ...(user === undefined || password === undefined ? {} : { user, password }),
    ...(SMTP_CA_FILE === undefined ? {} : { ca: await readAuthority(SMTP_CA_FILE) }),
  });
}

/** Node takes anything for an authority and then trusts none. */
async function readAuthority(path: string): Promise<string> {
  const ca = await readFile(path, 'utf8');
  if (!ca.includes('-----BEGIN CERTIFICATE-----'))
    throw new ConfigError(['SMTP_CA_FILE must name a file of certificates in PEM']);
  return ca;
}

function smsSender(settings: CarrierSettings): SmsSender {
  const { SMS_WEBHOOK_URL: url, SMS_WEBHOOK_SECRET: secret } = settings;
  if (url !== undefined) return createWebhookSmsSender({ url, secret: secret! });
  return createSmppSender({
    host: settings.SMPP_HOST!,
    port: settings.SMPP_PORT,
    tls: settings.SMPP_TLS,
    system_id: settings.SMPP_SYSTEM_ID!,
    password: settings.SMPP_PASSWORD!,
    source: settings.SMPP_SOURCE!,
  });
}
