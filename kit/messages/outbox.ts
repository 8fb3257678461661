import type { Mail, MailSender, Sms, SmsSender } from './types.ts';

export type OutboxMessage = { at: string } & (({ kind: 'mail' } & Mail) | ({ kind: 'sms' } & Sms));

export type Outbox = {
  mail: MailSender;
  sms: SmsSender;
  /** The newest first. */
  list(): OutboxMessage[];
};

/** Keeps messages in memory instead of sending them, for the development page and for tests. */
export function createOutbox(capacity = 500): Outbox {
  const messages: OutboxMessage[] = [];

  function keep(message: ({ kind: 'mail' } & Mail) | ({ kind: 'sms' } & Sms)): void {
    messages.unshift({ at: new Date().toISOString(), ...message });
    messages.length = Math.min(messages.length, capacity);
  }

  return {
    mail: { send: async (mail) => keep({ kind: 'mail', ...mail }), close: async () => {} },
    sms: { send: async (sms) => keep({ kind: 'sms', ...sms }), close: async () => {} },
    list: () => [...messages],
  };
}
