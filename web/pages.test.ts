import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { generateCountry, role_scopes } from '@zdravo/country-ua';
import { registerClinic, signInVendor } from '@zdravo/dev/demo/clinics';
import { startStage, type TestStage } from '@zdravo/e2e/stage';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { findViolations, launchBrowser } from './testing/browser.ts';

let stage: TestStage;
let browser: Browser;
/** Where pictures of every state go, when somebody wants to look at them. */
const pictures = process.env['ZDRAVO_SCREENSHOTS'];

before(async () => {
  [stage, browser] = await Promise.all([startStage(), launchBrowser()]);
  if (pictures) await mkdir(pictures, { recursive: true });
});
after(async () => {
  await browser?.close();
  await stage?.close();
});

async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ locale: 'uk-UA', viewport: { width: 1100, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  await page.goto(`${stage.api.address}${path}`);
  await page.locator('main').waitFor();
  return page;
}

/** No violation of accessibility rules in this state, and a picture of it for those who ask. */
async function inspect(page: Page, name: string): Promise<void> {
  if (pictures) await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
  assert.deepEqual(await findViolations(page), [], name);
}

function focused(page: Page): Promise<string | null> {
  return page.evaluate(() => document.activeElement!.textContent);
}

function signInPath(changes: Record<string, string> = {}): string {
  const { client_id, redirect_uri } = stage.sign_ins.mis;
  const scope = role_scopes['MIS USER']!.filter((one) => !one.startsWith('user:')).join(' ');
  return `/sign-in?${new URLSearchParams({ client_id, redirect_uri, scope, response_type: 'code', state: 'xyz 1', ...changes })}`;
}

/** The program's address, to which the browser is sent back: nobody listens there, so the request itself is what is seen. */
async function returnAddress(page: Page, act: () => Promise<unknown>): Promise<URL> {
  const back = page.waitForRequest((request) => request.url().startsWith(stage.sign_ins.mis.redirect_uri));
  await act();
  return new URL((await back).url());
}

test('the start page tells who goes where, shows the open numbers, and its links lead to what they say', async () => {
  const page = await open('/');
  await page.getByRole('heading', { level: 1, name: 'Електронна система охорони здоров’я Zdravo' }).waitFor();
  const numbers = await stage.api.call('GET', '/reports/stats');
  await page.getByText('Декларацій').locator('+ dd').getByText(String(numbers.body.data.declarations)).waitFor();
  await page.getByText('Звітів ще не оприлюднено.').waitFor();
  await inspect(page, 'start');
  for (const link of await page.getByRole('main').getByRole('link').all()) {
    const href = await link.getAttribute('href');
    assert.equal((await fetch(`${stage.api.address}${href}`)).status, 200, href!);
  }
  const verifier = await open('/verify');
  await verifier.getByLabel('Квитанція').waitFor();
  await inspect(verifier, 'verifier');
  await page.getByRole('link', { name: 'Увійти як розробник програми' }).press('Enter');
  await page.getByLabel('Електронна пошта').waitFor();
  await page.getByRole('link', { name: 'Електронна система охорони здоров’я' }).press('Enter');
  await page.getByText('ENG', { exact: true }).click();
  await page.getByRole('heading', { name: 'For patients' }).waitFor();
  const phone = await open('/', { locale: 'en-GB', colorScheme: 'dark', viewport: { width: 360, height: 740 } });
  await phone.getByRole('heading', { name: 'Open data' }).waitFor();
  await phone.getByText('No report has been published yet.').waitFor();
  assert.equal(await phone.evaluate(() => document.documentElement.scrollWidth), 360);
  await inspect(phone, 'start-en-dark-phone');
});

test('the API reference: every route stands there, is found by any of its words, and opens by its address', async () => {
  const page = await open('/api/docs');
  await page.getByRole('heading', { level: 2, name: 'Declarations' }).waitFor();
  const { paths } = (await stage.api.call('GET', '/api/openapi.json')).body as { paths: Record<string, object> };
  const count = Object.values(paths).flatMap((methods) => Object.keys(methods)).length;
  await page.getByRole('status').getByText(`Маршрутів: ${count}`).waitFor();
  await inspect(page, 'reference');
  await page.getByLabel('Пошук').fill('signed_declaration_request');
  await page.getByRole('status').getByText('Маршрутів: 1', { exact: true }).waitFor();
  await page.getByText('/api/declaration_requests/{id}/actions/sign').click();
  await page.getByText('Потрібні права: declaration_request:sign').waitFor();
  await page.getByRole('heading', { name: 'Відповідь 200' }).waitFor();
  await inspect(page, 'reference-found');
  await page.getByLabel('Пошук').fill('no such route');
  await page.getByRole('status').getByText('Маршрутів: 0').waitFor();
  const options = { locale: 'en-GB', colorScheme: 'dark', viewport: { width: 360, height: 740 } } as const;
  const linked = await open('/api/docs#createToken', options);
  await linked.getByRole('heading', { name: 'Request body' }).waitFor();
  assert.equal(await linked.evaluate(() => document.documentElement.scrollWidth), 360);
  await inspect(linked, 'reference-en-dark-phone');
});

test('an unknown address gives a person a page, in both languages, and a program its data', async () => {
  const page = await open('/sign_in?client_id=1');
  await page.getByRole('heading', { level: 1, name: 'Сторінку не знайдено' }).waitFor();
  assert.match(await page.title(), /Сторінку не знайдено/);
  await inspect(page, 'not-found');
  await page.getByText('ENG', { exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'Page not found' }).waitFor();
  await inspect(page, 'not-found-en');
  await page.getByRole('link', { name: 'To the start page' }).press('Enter');
  await page.getByRole('heading', { name: 'For patients' }).waitFor();
  const ask = (path: string, accept: string, method = 'GET') =>
    fetch(`${stage.api.address}${path}`, { method, headers: { accept } });
  const browser_accepts = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
  const answer = await ask('/a/b/c', browser_accepts);
  assert.equal(answer.status, 404);
  assert.match(answer.headers.get('content-security-policy')!, /script-src 'self'/);
  for (const [path, accept, method] of [
    ['/api/nothing', browser_accepts],
    ['/oauth/nothing', browser_accepts],
    ['/nothing', '*/*'],
    ['/nothing', 'application/json'],
    ['/nothing', browser_accepts, 'POST'],
  ] as const) {
    const data = await ask(path, accept, method);
    assert.equal(data.status, 404, path);
    assert.match(data.headers.get('content-type')!, /json/, path);
  }
});

test('sign-in and consent by the keyboard alone lead back to the program with a code and its state', async () => {
  const page = await open(signInPath());
  await inspect(page, 'sign-in');
  await page.getByLabel('Електронна пошта').focus();
  await page.keyboard.type(stage.sign_ins.mis.email);
  await page.keyboard.press('Tab');
  await page.keyboard.type('not the password');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('Неправильна пошта або пароль.').waitFor();
  await inspect(page, 'sign-in-refused');
  await page.getByLabel('Пароль', { exact: true }).focus();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  assert.equal(await page.getByLabel('Пароль', { exact: true }).getAttribute('type'), 'text', 'it can be looked at');
  await page.getByLabel('Пароль', { exact: true }).fill(stage.sign_ins.mis.password);
  await page.keyboard.press('Enter');
  await page.getByText('Програма «Demo MIS» зможе від вашого імені:').waitFor();
  await page.getByText('Реєструвати заклади та змінювати їхні дані').waitFor();
  assert.equal(await focused(page), 'Надати доступ?', 'a screen reader says which step has come');
  await inspect(page, 'consent');
  await page.getByRole('button', { name: 'Дозволити', exact: true }).focus();
  const back = await returnAddress(page, () => page.keyboard.press('Enter'));
  assert.equal(back.searchParams.get('state'), 'xyz 1');
  const exchange = await stage.api.call('POST', '/oauth/tokens', {
    body: {
      token: {
        grant_type: 'authorization_code',
        code: back.searchParams.get('code'),
        client_id: stage.sign_ins.mis.client_id,
        client_secret: stage.sign_ins.mis.client_secret,
        redirect_uri: stage.sign_ins.mis.redirect_uri,
        scope: 'legal_entity:read',
      },
    },
  });
  assert.equal(exchange.status, 201, JSON.stringify(exchange.body));
});

test('in English, on a phone, in the dark: refusals say what to do, and no access is a choice', async () => {
  const options = { locale: 'en-GB', colorScheme: 'dark', viewport: { width: 360, height: 740 } } as const;
  const signIn = async (path: string) => {
    const page = await open(path, options);
    await page.getByText('ENG', { exact: true }).click();
    await page.getByLabel('E-mail').fill(stage.sign_ins.mis.email);
    await page.getByLabel('Password', { exact: true }).fill(stage.sign_ins.mis.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Give access?' }).waitFor();
    return page;
  };
  const page = await signIn(signInPath({ scope: 'legal_entity:read' }));
  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
  await page.getByText('See the data of clinics and pharmacies').waitFor();
  await inspect(page, 'consent-en-dark-phone');
  await page.getByRole('button', { name: 'Do not allow' }).click();
  await page.getByRole('status').waitFor();
  await inspect(page, 'consent-denied');

  const refused = await signIn(
    signInPath({ scope: `declaration:read declaration:read ${'<b>:x'.repeat(60)} constructor` }),
  );
  await refused.getByText('constructor', { exact: true }).waitFor();
  assert.equal(await refused.getByRole('listitem').count(), 3, 'unknown scopes are shown as they are, each once');
  assert.equal(await refused.evaluate(() => document.documentElement.scrollWidth), 360);
  await inspect(refused, 'consent-unknown');
  await refused.getByRole('button', { name: 'Allow', exact: true }).click();
  await refused.getByRole('alert').getByText('programs of its kind cannot have').waitFor();
  await inspect(refused, 'refused-scope');
  await inspect(await open('/sign-in?client_id=1', options), 'link-incomplete');
});

test('without scripts a page says what it needs', async () => {
  const document = await (await fetch(`${stage.api.address}/sign-in`)).text();
  assert.match(document, /<noscript>[\s\S]*увімкніть у браузері JavaScript[\s\S]*allow JavaScript[\s\S]*<\/noscript>/);
});

test('a link that leads to no program, or to another address, says so before a password is typed', async () => {
  const links: [Record<string, string>, string][] = [
    [{ client_id: '00000000-0000-4000-8000-000000000000' }, 'Ця програма не зареєстрована'],
    [{ client_id: 'no client' }, 'Ця програма не зареєстрована'],
    [{ redirect_uri: 'https://evil.example/callback' }, 'не збігається із зареєстрованою'],
  ];
  for (const [changes, text] of links) {
    const page = await open(signInPath(changes));
    await page.getByRole('alert').getByText(text).waitFor();
    assert.equal(await page.getByLabel('Пароль', { exact: true }).count(), 0);
    await inspect(page, `link-${Object.keys(changes)[0]}-${text.length}`);
  }
});

test('a second factor: the phone is added at the first sign-in, its code is asked at the next', async () => {
  const email = 'second-factor@example.com';
  const password = 'A password for two factors 1';
  const user = await stage.platform.auth.createUser({ email, password, second_factor_required: true });
  await stage.platform.auth.grantRole({ user_id: user.id, role: 'MIS USER', client_id: stage.sign_ins.mis.client_id });
  const codeOf = async (count: number) => {
    for (;;) {
      const sms = (await stage.outbox()).filter((one) => one.kind === 'sms' && one.phone === '+380671112233');
      if (sms.length >= count) return /(\d{6})/.exec(sms[0]!.text)![1]!;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const enter = async () => {
    const page = await open(signInPath({ scope: 'legal_entity:read', email }));
    await page.getByLabel('Пароль', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Увійти' }).click();
    return page;
  };
  const first = await enter();
  await first.getByLabel('Номер телефону').fill('+380671112233');
  await inspect(first, 'phone');
  await first.getByRole('button', { name: 'Далі' }).click();
  await first.getByLabel('Код із SMS').fill(await codeOf(1));
  await inspect(first, 'code');
  await first.getByRole('button', { name: 'Підтвердити' }).click();
  await first.getByRole('heading', { name: 'Надати доступ?' }).waitFor();

  const second = await enter();
  await second.getByLabel('Код із SMS').fill('000000');
  await second.getByRole('button', { name: 'Підтвердити' }).click();
  await second.getByRole('alert').getByText('Неправильний код.').waitFor();
  await inspect(second, 'code-refused');
  await second.getByLabel('Код із SMS').fill(await codeOf(2));
  await second.getByRole('button', { name: 'Підтвердити' }).click();
  await second.getByRole('heading', { name: 'Надати доступ?' }).waitFor();
});

test('an invitation: a password is chosen, the invitation accepted; the used link says so', async () => {
  const clinic = generateCountry({ seed: 'pages', persons: 4096 }).clinic(0);
  const { owner } = await registerClinic(stage, await signInVendor(stage), clinic);
  const link = await waitForMail(owner.party.email, /\/invite\?invite=[\w-]+/);
  const page = await open(link);
  await page.getByText(`«${clinic.legal_entity.public_name}» запрошує вас на посаду.`).waitFor();
  await page.getByText(/^Посада: \p{Lu}/u).waitFor();
  assert.equal(await page.getByLabel('Електронна пошта').inputValue(), owner.party.email);
  await inspect(page, 'invitation');
  await page.getByLabel('Новий пароль').fill('A head of a clinic 1');
  await page.getByRole('button', { name: 'Далі' }).click();
  await page.getByRole('button', { name: 'Прийняти' }).waitFor();
  await inspect(page, 'invitation-answer');
  await page.getByRole('button', { name: 'Прийняти' }).click();
  await page.getByText('Ви прийняли запрошення. Тепер увійдіть зі своєї програми.').waitFor();
  await inspect(page, 'invitation-accepted');
  const again = await open(link);
  await again.getByText('На це запрошення вже відповіли').waitFor();
  const unknown = await open('/invite?invite=unknown');
  await unknown.getByText('Посилання недійсне').waitFor();
  await inspect(unknown, 'invitation-unknown');
});

test('a forgotten password: the link from the mail sets another one, which signs in', async () => {
  const email = 'forgetful@example.com';
  await stage.platform.auth.createUser({ email, password: 'A forgotten password 1', second_factor_required: false });
  const page = await open('/recover');
  await inspect(page, 'recovery');
  await page.getByLabel('Електронна пошта').fill(email);
  await page.getByRole('button', { name: 'Надіслати посилання' }).click();
  await page.getByText('Якщо така пошта зареєстрована').waitFor();
  await inspect(page, 'recovery-sent');
  const link = await waitForMail(email, /\/recover\?link=\w+/);
  const outbox = await open('/outbox');
  await inspect(outbox, 'outbox');
  await outbox.getByRole('link', { name: link }).first().click();
  await outbox.getByLabel('Новий пароль').waitFor();
  const reset = await open(link);
  await reset.getByLabel('Новий пароль').fill('password1234');
  await reset.getByRole('button', { name: 'Зберегти пароль' }).click();
  await reset.getByRole('alert').getByText('Пароль не підходить').waitFor();
  await inspect(reset, 'recovery-refused');
  await reset.getByLabel('Новий пароль').fill('Another password of mine 2');
  await reset.getByRole('button', { name: 'Зберегти пароль' }).click();
  await reset.getByText('Пароль змінено. Тепер увійдіть з ним.').waitFor();
  await inspect(reset, 'recovery-done');
});

async function waitForMail(to: string, pattern: RegExp): Promise<string> {
  for (;;) {
    for (const message of await stage.outbox()) {
      if (message.kind === 'mail' && message.to === to && pattern.test(message.text))
        return pattern.exec(message.text)![0];
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
