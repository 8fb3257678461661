/** Mails and short messages, in Ukrainian with an English line for those who need it. `{…}` is filled in by `fillIn`. */
export const message_texts = {
  invitation: {
    subject: 'Запрошення до електронної системи охорони здоров’я',
    text: [
      'Вітаємо!',
      'Заклад «{legal_entity}» запрошує вас до електронної системи охорони здоров’я.',
      'Щоб прийняти або відхилити запрошення, відкрийте посилання: {link}',
      'Якщо ви не очікували цього листа, просто не зважайте на нього.',
      '',
      '{legal_entity} invites you to the electronic health system. Open the link to accept or decline: {link}',
    ].join('\n'),
  },
  employment: {
    subject: 'Вас зареєстровано в електронній системі охорони здоров’я',
    text: [
      'Вітаємо!',
      'Ваше призначення в закладі «{legal_entity}» зареєстровано. Тепер ви можете входити до системи з програми вашого закладу.',
      '',
      'Your employment at {legal_entity} is registered. You can sign in from the software of your clinic now.',
    ].join('\n'),
  },
  password_recovery: {
    subject: 'Відновлення пароля',
    text: [
      'Щоб задати новий пароль, відкрийте посилання: {link}',
      'Якщо ви цього не просили, просто не зважайте на цей лист.',
      '',
      'Open the link to set a new password: {link}',
    ].join('\n'),
  },
  sign_in_code: 'Код для входу: {code}. Нікому його не повідомляйте.',
  verification_code:
    'Код підтвердження: {code}. Нікому його не повідомляйте, крім працівника закладу, який вас реєструє.',
} as const;
