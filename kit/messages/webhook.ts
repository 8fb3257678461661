import { createHmac } from 'node:crypto';
import { DeliveryError, type SmsSender, unreachable } from './types.ts';

export type WebhookOptions = {
  /** Of the SMS gateway; https outside this machine. */
  url: string;
  /** Sent as a bearer token, and keys the signature of the body. */
  secret: string;
  timeout_ms?: number;
};

/**
 * Posts `{"id", "to", "text"}` to an SMS gateway. `id` is the same when a message is posted again; `X-Signature` is HMAC-SHA-256 of the body. Most
 * 4xx mean that this message will never be taken; 401, 403 and 404 that the setting is wrong, which may be mended.
 */
export function createWebhookSmsSender(options: WebhookOptions): SmsSender {
  return {
    send: async ({ id, phone, text }) => {
      const body = JSON.stringify({ id, to: phone, text });
      const status = await post(options, body);
      if (status >= 200 && status < 300) return;
      const permanent = status >= 400 && status < 500 && ![401, 403, 404, 408, 429].includes(status);
      throw new DeliveryError('The SMS gateway refused the message.', { permanent, carrier_code: String(status) });
    },
    close: async () => {},
  };
}

async function post({ url, secret, timeout_ms = 10_000 }: WebhookOptions, body: string): Promise<number> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${secret}`,
        'x-signature': createHmac('sha256', secret).update(body).digest('hex'),
      },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(timeout_ms),
    });
    await response.body?.cancel();
    return response.status;
  } catch (cause) {
    throw unreachable('The SMS gateway', cause);
  }
}
