export { createOutbox, type Outbox, type OutboxMessage } from './outbox.ts';
export { createMessageQueue, type EnqueueOptions, type MessageQueue, type QueuedMessage } from './queue.ts';
export { messageRetention } from './retention.ts';
export { createSmppSender, type SmppOptions } from './smpp.ts';
export { createSmtpSender, type SmtpOptions } from './smtp.ts';
export { DeliveryError, type Mail, type MailSender, type Sms, type SmsSender } from './types.ts';
export { createWebhookSmsSender, type WebhookOptions } from './webhook.ts';
