import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { TransactionOf } from '../db/index.ts';
import type { Job } from '../jobs/index.ts';
import { openEnvelope, sealEnvelope } from '../keys/index.ts';
import type { Logger } from '../log/index.ts';
import { DeliveryError, type Mail, type MailSender, type Sms, type SmsSender } from './types.ts';

export type QueuedMessage = ({ kind: 'mail' } & Omit<Mail, 'id'>) | ({ kind: 'sms' } & Omit<Sms, 'id'>);

export type MessageQueue = {
  /** Queues a message in the caller's transaction: it is sent if and only if that commits. */
  enqueue<Tables>(transaction: TransactionOf<Tables>, message: QueuedMessage, options?: EnqueueOptions): Promise<void>;
  /** To be run by `startJobs` of the same database, each by a worker of its own: a mail server that hangs holds up no code. */
  jobs: { mail: Job; sms: Job };
};

export type EnqueueOptions = {
  /** After this instant the message is of no use (a code has expired) and is given up; three days from now otherwise. */
  expires_at?: string;
};

export type MessageQueueOptions = {
  /** 32 bytes; messages hold codes and names, so the queue holds them sealed. */
  key: Uint8Array;
  mail: MailSender;
  sms: SmsSender;
  log: Logger;
  now?: () => Date;
};

const keep_trying_ms = 3 * 86_400_000;
/** With graphile-worker's pauses (e^n seconds, six hours at most) they last longer than any message is of use. */
const max_attempts = 25;
const associated = Buffer.from('queued message');

type Payload = { id: string; sealed: string; expires_at: string };

/** Sends messages from the database's job queue: at least once, with growing pauses between tries. */
export function createMessageQueue(options: MessageQueueOptions): MessageQueue {
  const { key, mail, sms, log, now = () => new Date() } = options;

  async function enqueue<Tables>(
    transaction: TransactionOf<Tables>,
    { kind, ...message }: QueuedMessage,
    { expires_at = new Date(now().getTime() + keep_trying_ms).toISOString() }: EnqueueOptions = {},
  ): Promise<void> {
    const sealed = sealEnvelope(key, Buffer.from(JSON.stringify(message)), associated).toString('base64');
    const payload: Payload = { id: randomUUID(), sealed, expires_at };
    await sql`select graphile_worker.add_job(${jobNameOf(kind)}, payload := ${JSON.stringify(payload)}::json,
      max_attempts := ${max_attempts})`.execute(transaction);
  }

  function jobOf<Message>(kind: Kind, send: (message: Message & { id: string }) => Promise<void>): Job {
    const run = async (payload: unknown) => {
      const { id, sealed, expires_at } = payload as Payload;
      if (Date.parse(expires_at) <= now().getTime()) {
        log.error({ kind, message_id: id }, 'a message could not be delivered while it was of use');
        return;
      }
      const message = JSON.parse(openEnvelope(key, Buffer.from(sealed, 'base64'), associated).toString()) as Message;
      await send({ ...message, id }).catch((error: unknown) => {
        if (!(error instanceof DeliveryError && error.permanent)) throw error;
        log.error({ kind, message_id: id, carrier_code: error.carrier_code }, 'a message was refused for good');
      });
    };
    return { name: jobNameOf(kind), run };
  }

  return { enqueue, jobs: { mail: jobOf('mail', mail.send), sms: jobOf('sms', sms.send) } };
}

type Kind = QueuedMessage['kind'];

function jobNameOf(kind: Kind) {
  return `send_${kind}` as const;
}

/** The tasks that hold messages. */
export const message_tasks = [jobNameOf('mail'), jobNameOf('sms')];
