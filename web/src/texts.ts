export type Language = 'uk' | 'en';

/** Every text of the pages, Ukrainian and English. */
export const texts = {
  product: ['Електронна система охорони здоров’я', 'National health service'],
  language: ['Мова', 'Language'],
  loading: ['Завантаження', 'Loading'],
  email: ['Електронна пошта', 'E-mail'],
  password: ['Пароль', 'Password'],
  new_password: ['Новий пароль', 'New password'],
  password_hint: ['Щонайменше 12 символів', 'At least 12 characters'],
  show_password: ['Показати або сховати пароль', 'Show or hide the password'],
  sign_in: ['Увійти', 'Sign in'],
  sign_in_title: ['Вхід', 'Sign in'],
  forgot: ['Забули пароль?', 'Forgot your password?'],
  code: ['Код із SMS', 'Code from the SMS'],
  code_title: ['Підтвердьте вхід', 'Confirm that it is you'],
  code_text: ['Ми надіслали код на ваш телефон.', 'We have sent a code to your phone.'],
  confirm: ['Підтвердити', 'Confirm'],
  send_again: ['Надіслати код ще раз', 'Send the code again'],
  sent_again: ['Новий код надіслано.', 'Another code was sent.'],
  phone: ['Номер телефону', 'Phone number'],
  phone_title: ['Додайте номер телефону', 'Add your phone number'],
  phone_text: ['На нього надходитимуть коди для входу.', 'Codes for signing in will be sent to it.'],
  phone_hint: ['У форматі +380XXXXXXXXX', 'As +380XXXXXXXXX'],
  next: ['Далі', 'Continue'],
  consent_title: ['Надати доступ?', 'Give access?'],
  consent_text: ['Програма «{client}» зможе від вашого імені:', '“{client}” will be able to do this in your name:'],
  allow: ['Дозволити', 'Allow'],
  deny: ['Не дозволяти', 'Do not allow'],
  consent_denied: ['Доступ не надано. Можна закрити цю сторінку.', 'Access was not given. You can close this page.'],
  returning: ['Повертаємо вас до програми…', 'Taking you back to the program…'],
  scope_by_type: [
    'Програма просить доступ, якого такі програми не можуть мати. Зверніться до її розробника.',
    'The program asks for access that programs of its kind cannot have. Please tell its vendor.',
  ],
  scope_by_role: [
    'Програма просить доступ, якого не дає ваша роль у цьому закладі. Зверніться до керівника закладу.',
    'The program asks for access that your role in this clinic does not give. Please ask the head of your clinic.',
  ],
  redirect_wrong: [
    'Адреса повернення не збігається із зареєстрованою, тож вхід зупинено. Зверніться до розробника програми.',
    'The return address is not the registered one, so signing in was stopped. Please tell the program’s vendor.',
  ],
  client_unknown: [
    'Ця програма не зареєстрована в системі або її заблоковано.',
    'This program is not registered here, or it is blocked.',
  ],
  link_incomplete: [
    'У посиланні бракує даних. Відкрийте вхід зі своєї програми ще раз.',
    'The link is not complete. Please open the sign-in from your program again.',
  ],
  wrong_credentials: ['Неправильна пошта або пароль.', 'Wrong e-mail or password.'],
  too_many: ['Забагато спроб. Спробуйте пізніше.', 'Too many tries. Please try again later.'],
  password_expired: [
    'Строк дії пароля минув. Встановіть новий за посиланням «Забули пароль?».',
    'The password has expired. Set a new one by “Forgot your password?”.',
  ],
  user_blocked: [
    'Ваш обліковий запис заблоковано. Зверніться до керівника закладу.',
    'Your account is blocked. Please ask the head of your clinic.',
  ],
  unreachable: [
    'Немає зв’язку із сервером. Перевірте інтернет і спробуйте ще раз.',
    'The server cannot be reached. Check your connection and try again.',
  ],
  wrong_code: ['Неправильний код.', 'Wrong code.'],
  code_exhausted: [
    'Цей код більше не діє: він прострочений або спроб забагато. Надішліть новий.',
    'This code no longer serves: it has expired or was tried too often. Send another one.',
  ],
  session_ended: ['Час сеансу вичерпано. Увійдіть ще раз.', 'The session has ended. Please sign in again.'],
  failed: ['Не вдалося. Спробуйте ще раз трохи згодом.', 'That did not work. Please try again in a moment.'],
  invite_title: ['Запрошення на роботу', 'Invitation to work'],
  invite_text: ['«{clinic}» запрошує вас на посаду.', '“{clinic}” invites you to work there.'],
  invite_position: ['Посада: {position}', 'Position: {position}'],
  invite_unknown: ['Посилання недійсне або вже використане.', 'The link is not valid or was used already.'],
  invite_user_exists: [
    'Для цієї пошти вже є пароль. Відкрийте посилання ще раз і увійдіть з ним.',
    'This e-mail has a password already. Open the link again and sign in with it.',
  ],
  invite_over: ['На це запрошення вже відповіли або його строк минув.', 'This invitation was answered or has expired.'],
  invite_password: ['Створіть пароль для входу', 'Choose a password'],
  invite_sign_in: ['Увійдіть, щоб відповісти', 'Sign in to answer'],
  accept: ['Прийняти', 'Accept'],
  decline: ['Відхилити', 'Decline'],
  accepted: [
    'Ви прийняли запрошення. Тепер увійдіть зі своєї програми.',
    'You have accepted. Sign in from your program now.',
  ],
  declined: ['Ви відхилили запрошення.', 'You have declined the invitation.'],
  recover_title: ['Відновлення пароля', 'Password recovery'],
  recover_text: ['Введіть пошту, і ми надішлемо посилання.', 'Enter your e-mail and we will send you a link.'],
  send_link: ['Надіслати посилання', 'Send the link'],
  link_sent: [
    'Якщо така пошта зареєстрована, на неї надіслано посилання.',
    'If this e-mail is registered, a link was sent to it.',
  ],
  set_password: ['Зберегти пароль', 'Save the password'],
  password_set: ['Пароль змінено. Тепер увійдіть з ним.', 'The password was changed. Sign in with it now.'],
  password_refused: [
    'Пароль не підходить: він закороткий, поширений, містить вашу пошту або вже був у вас.',
    'This password will not do: it is short, common, holds your e-mail’s name, or you had it before.',
  ],
  start_title: ['Електронна система охорони здоров’я Zdravo', 'Zdravo, a national health service'],
  start_text: [
    'Пацієнт обирає лікаря, держава платить закладу за кожного пацієнта, а кожен може перевірити, що жодного запису не змінено.',
    'A patient chooses a doctor, the state pays the clinic for each patient, and anyone can check that no record was altered.',
  ],
  count_declarations: ['Декларацій', 'Declarations'],
  count_doctors: ['Лікарів', 'Doctors'],
  count_msps: ['Закладів', 'Clinics'],
  count_pharmacies: ['Аптек', 'Pharmacies'],
  start_staff: ['Лікарям, закладам і аптекам', 'For doctors, clinics and pharmacies'],
  start_staff_text: [
    'Входьте зі своєї медичної програми: вона відкриє тут сторінку входу й спитає вашої згоди. Запрошення на роботу приходить листом.',
    'Sign in from your medical program: it opens the sign-in page here and asks for your consent. An invitation to work comes by mail.',
  ],
  start_patients: ['Пацієнтам', 'For patients'],
  start_patients_text: [
    'За квитанцією перевірте, що вашу декларацію внесено до журналу й не змінено. Квитанція нікуди не надсилається.',
    'With your receipt, check that your declaration is in the log and was not altered. The receipt is sent nowhere.',
  ],
  verify_record: ['Перевірити запис', 'Verify a record'],
  start_vendors: ['Розробникам програм', 'For vendors of programs'],
  start_vendors_text: [
    'Той самий API v2.0, з яким уже працюють медичні програми України.',
    'The same API v2.0 that Ukraine’s medical programs already speak.',
  ],
  api_reference: ['Довідник API', 'API reference'],
  start_open_data: ['Відкриті дані', 'Open data'],
  start_open_data_text: ['Скільки нараховано закладам, за місяцями:', 'What clinics were paid, by month:'],
  no_reports: ['Звітів ще не оприлюднено.', 'No report has been published yet.'],
  capitation_for: ['Капітація: {month}', 'Capitation: {month}'],
  log_checkpoint: ['Підписаний стан журналу', 'Signed state of the log'],
  reference_text: [
    'API v2.0 еЗдоров’я та його продовження, версія сервера {version}. Описи маршрутів англійською.',
    'The API v2.0 of eHealth and its successors, server version {version}.',
  ],
  reference_token: [
    'Заголовок Authorization: Bearer несе токен користувача; заклади додають API-key своєї програми.',
    'Authorization: Bearer carries the user’s token; clinics add the API-key of their program.',
  ],
  reference_envelope: [
    'Відповідь: meta з кодом, data, подекуди urgent і paging (page, page_size).',
    'An answer has meta with its code, data, and where it says so urgent and paging (page, page_size).',
  ],
  reference_errors: [
    'Помилка: error.code сталий, error.invalid називає місце в тілі ($.) і правило. 401 немає чинного токена, 403 бракує права, 422 порушено правило, 429 і 503 скажуть, коли повторити.',
    'An error: error.code is stable, error.invalid names the place in the body ($.) and the rule. 401 no valid token, 403 a scope is missing, 422 a rule is broken, 429 and 503 say when to come back.',
  ],
  reference_retries: [
    'Записи з Idempotency-Key безпечно повторювати щонайменше добу.',
    'Writes with an Idempotency-Key are safe to repeat for at least a day.',
  ],
  search_routes: ['Пошук', 'Search'],
  search_hint: [
    'Шлях, назва, право або поле, наприклад: declaration sign',
    'Path, summary, scope or field, for example: declaration sign',
  ],
  routes_found: ['Маршрутів: {count}', 'Routes: {count}'],
  old_spelling: ['старе написання', 'old spelling'],
  required: ['обов’язкове', 'required'],
  parameters: ['Параметри', 'Parameters'],
  body: ['Тіло запиту', 'Request body'],
  answer: ['Відповідь {status}', 'Answer {status}'],
  empty_answer: ['Без тіла.', 'No body.'],
  access_public: ['Без входу.', 'Without signing in.'],
  access_signed_in: ['Для кожного, хто увійшов.', 'For anybody who is signed in.'],
  access_scopes: ['Потрібні права:', 'Scopes needed:'],
  start_development: ['На цьому комп’ютері', 'On this machine'],
  start_development_text: [
    'Це платформа розробника з вигаданими людьми. Облікові записи надруковано там, де її запущено.',
    'This is a developer’s platform with invented people. Its sign-ins are printed where it was started.',
  ],
  outbox: ['SMS і листи', 'SMS and mails'],
  demo_sign_in: ['Увійти як розробник програми', 'Sign in as a vendor'],
  not_found_title: ['Сторінку не знайдено', 'Page not found'],
  not_found_text: [
    'За цією адресою нічого немає. Перевірте, чи не бракує в ній літер, або почніть із головної сторінки.',
    'There is nothing at this address. Check that none of it is missing, or begin at the start page.',
  ],
  to_start: ['На головну', 'To the start page'],
} as const satisfies Record<string, readonly [string, string]>;

export type TextName = keyof typeof texts;

/** A text in a language, its `{place}`s filled in. */
export function textOf(name: TextName, language: Language, values: Record<string, string> = {}): string {
  const text: string = texts[name][language === 'uk' ? 0 : 1];
  return text.replace(/\{(\w+)\}/g, (_, place: string) => values[place] ?? '');
}
