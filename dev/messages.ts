import type { OtpDelivery, RecoveryDelivery } from '@zdravo/auth';
import { fillIn, message_texts } from '@zdravo/country-ua';
import { openDatabase } from '@zdravo/kit/db';
import type { Job } from '@zdravo/kit/jobs';
import type { KeyProvider } from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import {
  createMessageQueue,
  type MailSender,
  type MessageQueue,
  messageRetention,
  type SmsSender,
} from '@zdravo/kit/messages';
import { type FigureSource, poolFigures } from '@zdravo/kit/metrics';

export type Messages = {
  queue: MessageQueue;
  retention: Job;
  deliverOtp(otp: OtpDelivery): Promise<void>;
  deliverRecovery(recovery: RecoveryDelivery): Promise<void>;
  figures: readonly FigureSource[];
  close(): Promise<void>;
};

/** SMS and mail of the platform, from its database's queue to the given carriers. */
export async function openMessages(options: {
  database_url: string;
  key_provider: KeyProvider;
  mail: MailSender;
  sms: SmsSender;
  /** Where people's browsers find the pages. */
  web_url: string;
  log: Logger;
}): Promise<Messages> {
  const { database_url: url, key_provider, mail, sms, web_url, log } = options;
  const { db, pool, close } = openDatabase({ url, role: 'zdravo_il', application_name: 'messages', log, pool_size: 2 });
  const queue = createMessageQueue({ key: await key_provider.derive('queued messages', '1'), mail, sms, log });
  return {
    queue,
    retention: messageRetention({ db }),
    deliverOtp: ({ phone, code, expires_at }) =>
      queue.enqueue(db, { kind: 'sms', phone, text: fillIn(message_texts.sign_in_code, { code }) }, { expires_at }),
    deliverRecovery: ({ email, link, expires_at }) => {
      const { subject, text } = message_texts.password_recovery;
      return queue.enqueue(
        db,
        { kind: 'mail', to: email, subject, text: fillIn(text, { link: `${web_url}/recover?link=${link}` }) },
        { expires_at },
      );
    },
    figures: [poolFigures('messages', [pool])],
    close,
  };
}
