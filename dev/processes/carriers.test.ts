import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type ConfigError, readConfig } from '@zdravo/kit/config';
import { Type } from 'typebox';
import { startMailServer, startSmsCentre, startSmsGateway } from '../testing/carriers.ts';
import { carrier_settings, openCarriers } from './carriers.ts';

const directory = await mkdtemp(join(tmpdir(), 'zdravo-carriers-'));
after(() => rm(directory, { recursive: true }));

const sms_secret = 'a-secret-of-the-sms-gateway';
const mail_settings = { SMTP_HOST: 'localhost', SMTP_FROM: 'Здраво <no-reply@zdravo.example>' };
const webhook_settings = { SMS_WEBHOOK_URL: 'https://sms.example/send', SMS_WEBHOOK_SECRET: sms_secret };
const centre_settings = {
  SMPP_HOST: 'localhost',
  SMPP_SYSTEM_ID: 'zdravo',
  SMPP_PASSWORD: 'secret',
  SMPP_SOURCE: 'Zdravo',
};

function open(environment: Record<string, string>) {
  return openCarriers(readConfig(Type.Object(carrier_settings), environment));
}

async function problemsOf(environment: Record<string, string>): Promise<string[]> {
  return open(environment).then(
    () => [],
    (error: ConfigError) => error.problems,
  );
}

test('a mail goes through a real submission server, in Ukrainian, after STARTTLS and a sign-in', async () => {
  const server = await startMailServer({ user: 'zdravo', password: 'the-mail-password' });
  await writeFile(join(directory, 'ca.pem'), server.ca);
  const environment = {
    ...mail_settings,
    ...webhook_settings,
    SMTP_PORT: String(server.port),
    SMTP_USER: 'zdravo',
    SMTP_PASSWORD: 'the-mail-password',
    SMTP_CA_FILE: join(directory, 'ca.pem'),
  };
  const { mail } = await open(environment);
  await mail.send({ id: 'm1', to: 'doctor@clinic.example', subject: 'Запрошення', text: 'Вітаємо, Олено!\n.крапка' });
  assert.deepEqual(server.mails, [{ to: 'doctor@clinic.example', text: 'Вітаємо, Олено!\r\n.крапка' }]);
  const stranger = await open({ ...environment, SMTP_PASSWORD: 'another' });
  await assert.rejects(stranger.mail.send({ id: 'm1', to: 'doctor@clinic.example', subject: 'a', text: 'b' }), {
    name: 'DeliveryError',
    permanent: false,
    carrier_code: '535',
  });
  const { SMTP_CA_FILE: _, ...untrusting } = environment;
  await assert.rejects(
    (await open(untrusting)).mail.send({ id: 'm1', to: 'doctor@clinic.example', subject: 'a', text: 'b' }),
    {
      name: 'DeliveryError',
    },
  );
  assert.equal(server.mails.length, 1);
  await server.close();
});

test('an SMS goes to a gateway over HTTP', async () => {
  const gateway = await startSmsGateway(sms_secret);
  const { sms } = await open({ ...mail_settings, ...webhook_settings, SMS_WEBHOOK_URL: gateway.url });
  await sms.send({ id: 's1', phone: '+380670000001', text: 'Код: 123456' });
  assert.deepEqual(
    gateway.messages.map(({ phone, text }) => ({ phone, text })),
    [{ phone: '+380670000001', text: 'Код: 123456' }],
  );
  await gateway.close();
});

test('an SMS goes through a real SMS centre over SMPP, short or long', async () => {
  const centre = await startSmsCentre({ system_id: 'zdravo', password: 'secret' });
  const environment = { ...mail_settings, ...centre_settings, SMPP_PORT: String(centre.port), SMPP_TLS: 'false' };
  const { sms } = await open(environment);
  const long = 'Ваш код підтвердження декларації. '.repeat(5);
  await sms.send({ id: 's1', phone: '+380670000001', text: 'Код: 123456' });
  await sms.send({ id: 's1', phone: '+380670000002', text: 'Code: 654321' });
  await sms.send({ id: 's1', phone: '+380670000003', text: long });
  assert.deepEqual(centre.messages.slice(0, 2), [
    { from: 'Zdravo', to: '380670000001', text: 'Код: 123456' },
    { from: 'Zdravo', to: '380670000002', text: 'Code: 654321' },
  ]);
  const parts = centre.messages.slice(2);
  assert.ok(parts.length > 1 && parts.every(({ to }) => to === '380670000003'));
  assert.equal(parts.map(({ text }) => text).join(''), long);
  await sms.close();
  const stranger = await open({ ...environment, SMPP_PASSWORD: 'wrong' });
  await assert.rejects(stranger.sms.send({ id: 's1', phone: '+380670000001', text: 'a' }), { permanent: false });
  await stranger.sms.close();
  await centre.close();
});

test('settings that miss a part, or would send codes in clear beyond this machine, are refused by name', async () => {
  const complete = { ...mail_settings, ...webhook_settings };
  assert.deepEqual(await problemsOf(complete), []);
  assert.deepEqual(await problemsOf({ ...mail_settings, ...centre_settings, SMPP_HOST: 'smsc.example' }), []);
  const cases: [Record<string, string>, RegExp][] = [
    [mail_settings, /either SMS_WEBHOOK_URL or SMPP_HOST/],
    [{ ...complete, ...centre_settings }, /either SMS_WEBHOOK_URL or SMPP_HOST/],
    [{ ...complete, SMTP_HOST: 'mail.example', SMTP_SECURITY: 'none' }, /SMTP_SECURITY must be tls or starttls/],
    [{ ...complete, SMTP_USER: 'zdravo' }, /SMTP_PASSWORD is required/],
    [{ ...complete, SMTP_FROM: 'nobody' }, /SMTP_FROM must be the sender/],
    [{ ...complete, SMS_WEBHOOK_URL: 'http://sms.example' }, /SMS_WEBHOOK_URL must be https/],
    [{ ...complete, SMS_WEBHOOK_SECRET: '' }, /SMS_WEBHOOK_SECRET is required/],
    [{ ...mail_settings, ...centre_settings, SMPP_SOURCE: '' }, /SMPP_SOURCE is required/],
    [{ ...mail_settings, ...centre_settings, SMPP_SOURCE: 'Здраво' }, /SMPP_SOURCE must be the sender/],
    [{ ...mail_settings, ...centre_settings, SMPP_HOST: 'smsc.example', SMPP_TLS: 'false' }, /SMPP_TLS must be true/],
  ];
  for (const [environment, expected] of cases) {
    const problems = await (async () => problemsOf(environment))().catch((error: ConfigError) => error.problems);
    assert.match(problems.join('\n'), expected);
  }
});
