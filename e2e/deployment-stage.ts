import type { DevelopmentAuthority } from '@zdravo/dev/certificates';
import { type Account, type Api, createApi } from '@zdravo/dev/demo/api';
import type { Stage } from '@zdravo/dev/demo/clinics';
import type { MailServer, SmsGateway } from '@zdravo/dev/testing/carriers';
import { type Environment, runProgram } from './programs.ts';

type Parts = {
  address: string;
  login_client_id: string;
  /** Settings of `npm run accounts`. */
  operator: Environment;
  authority: DevelopmentAuthority;
  mail: MailServer;
  sms: SmsGateway;
};

type FirstUser = { email: string; password: string; phone: string };

/** The first accounts, made by the operator's command and set up by their owners, who sign in with a second factor. */
export async function openStage({ address, login_client_id, operator, authority, mail, sms }: Parts): Promise<Stage> {
  const mis = { email: 'vendor@mis.example', password: 'A-story-that-is-told-1', phone: '+380670000101' };
  const officer = { email: 'officer@payer.example', password: 'A-story-that-is-told-2', phone: '+380670000102' };
  const redirect_uri = 'http://localhost:4010/callback';
  const plain = createApi(address, { login_client_id });
  const makeAccount = async (user: FirstUser, ...args: string[]) => {
    const flags = [...args, '--email', user.email, '--redirect-uri', redirect_uri];
    const { output } = await runProgram('accounts.ts', flags, operator);
    const [, client_id, client_secret, link] =
      /^client_id=(\S+)\nclient_secret=(\S+)\npassword_link=\S+link=(\S+)$/m.exec(output) ?? [];
    if (!link) throw new Error(output);
    const path = `/api/credentials_recovery_requests/${link}/actions/reset_password`;
    await plain.expect('PATCH', path, { body: { password: user.password } });
    await nameFactor(plain, login_client_id, user, sms);
    return {
      email: user.email,
      password: user.password,
      redirect_uri,
      client_id: client_id!,
      client_secret: client_secret!,
    };
  };
  const sign_ins = {
    login_client_id,
    mis: await makeAccount(mis, 'vendor', '--name', 'A vendor'),
    nhs_admin: await makeAccount(officer, 'payer'),
  };
  const phones = new Map([mis, officer].map(({ email, phone }) => [email, phone]));
  return {
    api: { ...plain, signIn: (account) => signIn(plain, login_client_id, account, phones.get(account.email), sms) },
    outbox: async () => messagesOf(mail, sms),
    authority,
    sign_ins,
  };
}

const at = new Date(0).toISOString();

function messagesOf(mail: MailServer, sms: SmsGateway): Awaited<ReturnType<Stage['outbox']>> {
  return [
    ...mail.mails.map((one, index) => ({ kind: 'mail' as const, id: String(index), at, subject: '', ...one })),
    ...sms.messages.map((one) => ({ kind: 'sms' as const, at, ...one })),
  ];
}

/** The first sign-in: a phone is named and confirmed. */
async function nameFactor(api: Api, client_id: string, { email, password, phone }: FirstUser, sms: SmsGateway) {
  const first = await passwordToken(api, client_id, { email, password });
  if (first.urgent.next_step !== 'REQUEST_FACTOR') throw new Error(`next step is ${first.urgent.next_step}`);
  const factor = { type: 'SMS', factor: phone };
  const named = await api.expect('POST', '/oauth/users/actions/init_factor', { token: first.data.value, body: factor });
  const otp = await newestCode(sms, phone, 0);
  await api.expect('POST', '/oauth/users/actions/approve_factor', { token: named.body.data.value, body: { otp } });
}

async function signIn(api: Api, login_client_id: string, account: Account, phone: string | undefined, sms: SmsGateway) {
  if (phone === undefined) return api.signIn(account);
  const before = countOf(sms, phone);
  const first = await passwordToken(api, login_client_id, account);
  const otp = await newestCode(sms, phone, before);
  const shown = await api.expect('POST', '/oauth/tokens', {
    token: first.data.value,
    body: { token: { grant_type: 'authorize_2fa_access_token', otp } },
  });
  return api.exchange(account, shown.body.data.value);
}

async function passwordToken(api: Api, client_id: string, { email, password }: { email: string; password: string }) {
  const token = { grant_type: 'password', email, password, client_id, scope: 'app:authorize' };
  return (await api.expect('POST', '/oauth/tokens', { body: { token } })).body;
}

function countOf({ messages }: SmsGateway, phone: string): number {
  return messages.filter((one) => one.phone === phone).length;
}

async function newestCode(sms: SmsGateway, phone: string, before: number): Promise<string> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (countOf(sms, phone) > before) return /\d{6}/.exec(sms.messages.find((one) => one.phone === phone)!.text)![0];
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the code did not arrive');
}
