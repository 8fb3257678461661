import { sql } from 'kysely';
import type { TransactionOf } from '../db/index.ts';
import type { Job } from '../jobs/index.ts';
import { openEnvelope, sealEnvelope } from '../keys/index.ts';
import type { Logger } from '../log/index.ts';
import { DeliveryError, type Mail, type MailSender, type Sms, type SmsSender } from './types.ts';

export type QueuedMessage = ({ kind: 'mail' } & Mail) | ({ kind: 'sms' } & Sms);

export type MessageQueue = {
  /** Queues a message in the caller's transaction: it is sent if and only if that commits. */
  enqueue<Tables>(transaction: TransactionOf<Tables>, message: QueuedMessage, options?: EnqueueOptions): Promise<void>;
  /** To be run by `startJobs` of the same database. */
  job: Job;
};

export type EnqueueOptions = {
  /** After this instant the message is of no use (a code has expired) and is dropped. */
  expires_at?: string;
};

export type MessageQueueOptions = {
  /** 32 bytes; messages hold codes and names, so the queue holds them sealed. */
  key: Uint8Array;
  mail: MailSender;
  sms: SmsSender;
  log: Logger;
  now?: () => Date;
  max_attempts?: number;
};

const job_name = 'send_message';
const associated = Buffer.from('queued message');

/** Sends messages from the database's job queue: at least once, with growing pauses between tries. */
export function createMessageQueue(options: MessageQueueOptions): MessageQueue {
  const { key, log, now = () => new Date(), max_attempts = 8 } = options;

  async function enqueue<Tables>(
    transaction: TransactionOf<Tables>,
    message: QueuedMessage,
    { expires_at }: EnqueueOptions = {},
  ): Promise<void> {
    const sealed = sealEnvelope(key, Buffer.from(JSON.stringify(message)), associated).toString('base64');
    const payload = JSON.stringify({ sealed, expires_at });
    await sql`select graphile_worker.add_job(${job_name}, payload := ${payload}::json,
      max_attempts := ${max_attempts})`.execute(transaction);
  }

  async function run(payload: unknown): Promise<void> {
    const { sealed, expires_at } = payload as { sealed: string; expires_at?: string };
    if (expires_at !== undefined && Date.parse(expires_at) <= now().getTime()) return;
    const text = openEnvelope(key, Buffer.from(sealed, 'base64'), associated).toString();
    const { kind, ...message } = JSON.parse(text) as QueuedMessage;
    try {
      await (kind === 'mail' ? options.mail.send(message as Mail) : options.sms.send(message as Sms));
    } catch (error) {
      if (!(error instanceof DeliveryError && error.permanent)) throw error;
      log.warn({ kind, carrier_code: error.carrier_code }, 'a message was refused for good');
    }
  }

  return { enqueue, job: { name: job_name, run } };
}
