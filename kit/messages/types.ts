/** `id` is the same at each try, so that a carrier, or whoever reads, can tell a repetition. */
export type Mail = { id: string; to: string; subject: string; text: string; html?: string };
export type Sms = { id: string; phone: string; text: string };

/** @throws DeliveryError when the message was not taken. */
export type MailSender = { send(mail: Mail): Promise<void>; close(): Promise<void> };
/** @throws DeliveryError when the message was not taken. */
export type SmsSender = { send(sms: Sms): Promise<void>; close(): Promise<void> };

/** A message was not taken. Never quotes the message: it holds codes and names. */
export class DeliveryError extends Error {
  /** Trying again is no use: the address or the message itself was refused. */
  readonly permanent: boolean;
  /** What the carrier said, in its own code: an SMTP reply, an HTTP status, an SMPP command status. */
  readonly carrier_code: string;

  constructor(message: string, details: { permanent: boolean; carrier_code: string; cause?: unknown }) {
    super(message, { cause: details.cause });
    this.name = 'DeliveryError';
    this.permanent = details.permanent;
    this.carrier_code = details.carrier_code;
  }
}

/** A carrier was waited for long enough. */
export function timedOut(): Error {
  return Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' });
}

/** A carrier that cannot be reached now. */
export function unreachable(what: string, cause: unknown): DeliveryError {
  const code = (cause as { code?: string }).code ?? 'unreachable';
  return new DeliveryError(`${what} is not reachable.`, { permanent: false, carrier_code: code, cause });
}
