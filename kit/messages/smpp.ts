import { createHash } from 'node:crypto';
import { createConnection, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { bindBody, createPduReader, type Pdu, response_bit, smpp_commands, submitBody, writePdu } from './smpp-pdu.ts';
import { splitSms } from './sms-parts.ts';
import { DeliveryError, type SmsSender, timedOut, unreachable } from './types.ts';

export type SmppOptions = {
  host: string;
  port: number;
  tls?: boolean;
  system_id: string;
  /** At most 8 characters, as SMPP has it. */
  password: string;
  /** The sender that phones show: a number or up to 11 letters. */
  source: string;
  timeout_ms?: number;
  /** How often an idle connection is asked whether it lives. */
  keep_alive_ms?: number;
};

/**
 * Refusals of this text or this phone (SMPP v3.4 §5.1.3: its length, its destination); everything else is of the centre, the
 * line or our settings, and may be mended.
 */
const permanent_statuses = new Set([0x01, 0x0b, 0x33, 0x40, 0x50, 0x51]);

type Link = { request(command: number, body: Buffer): Promise<Pdu>; alive(): boolean; close(): Promise<void> };

/** Sends through one long-lived SMPP 3.4 connection, which is made at the first message and anew after it was lost. */
export function createSmppSender(options: SmppOptions): SmsSender {
  let opening: Promise<Link> | undefined;

  /** However many messages find no line, they make one. */
  async function link(): Promise<Link> {
    const last = opening;
    const known = await last?.catch(() => undefined);
    if (known?.alive()) return known;
    if (opening === last) opening = bind(options);
    return opening!;
  }

  return {
    send: async ({ id, phone, text }) => {
      const { data_coding, parts } = splitSms(text, referenceOf(id));
      const current = await link();
      for (const part of parts) {
        const { source } = options;
        const body = submitBody({ source, phone, data_coding, part, joined: parts.length > 1 });
        accept(await current.request(smpp_commands.submit_sm, body));
      }
    },
    close: async () => {
      const known = await opening?.catch(() => undefined);
      await known?.close();
    },
  };
}

/** The same at each try: of a text that was sent in part a phone joins the parts of either. */
function referenceOf(id: string): number {
  return createHash('sha256').update(id).digest()[0]!;
}

async function bind(options: SmppOptions): Promise<Link> {
  const link = await connect(options);
  try {
    accept(await link.request(smpp_commands.bind_transmitter, bindBody(options)), false);
    return link;
  } catch (error) {
    await link.close();
    throw error;
  }
}

function accept({ status }: Pdu, about_message = true): void {
  if (status === 0) return;
  const carrier_code = `0x${status.toString(16).padStart(8, '0')}`;
  const message = about_message ? 'The SMS centre refused the message.' : 'The SMS centre refused the sign-in.';
  throw new DeliveryError(message, { permanent: about_message && permanent_statuses.has(status), carrier_code });
}

function connect(options: SmppOptions): Promise<Link> {
  const { host, port, tls = false, timeout_ms = 10_000 } = options;
  const socket = tls ? connectTls({ host, port, servername: host }) : createConnection({ host, port });
  return new Promise((resolve, reject) => {
    const failed = (cause: unknown) => {
      socket.destroy();
      reject(unreachable('The SMS centre', cause));
    };
    const timer = setTimeout(() => failed(timedOut()), timeout_ms);
    socket.once('error', failed);
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      socket.off('error', failed);
      resolve(createLink(socket, timeout_ms, options.keep_alive_ms ?? 30_000));
    });
  });
}

type Waiting = { resolve: (pdu: Pdu) => void; reject: (error: Error) => void; timer: NodeJS.Timeout };

function createLink(socket: Socket, timeout_ms: number, keep_alive_ms: number): Link {
  const waiting = new Map<number, Waiting>();
  const readPdus = createPduReader();
  let sequence = 0;
  let alive = true;
  const keeper = setInterval(
    () => void request(smpp_commands.enquire_link, Buffer.alloc(0)).catch(lose),
    keep_alive_ms,
  );
  keeper.unref();

  function lose(cause: unknown): void {
    if (!alive) return;
    alive = false;
    clearInterval(keeper);
    socket.destroy();
    for (const [, { reject, timer }] of waiting) {
      clearTimeout(timer);
      reject(unreachable('The SMS centre', cause));
    }
    waiting.clear();
  }

  function take(pdu: Pdu): void {
    if (pdu.command < response_bit) {
      const status = [smpp_commands.enquire_link, smpp_commands.unbind].some((one) => one === pdu.command) ? 0 : 0x03;
      const command = status === 0 ? pdu.command + response_bit : smpp_commands.generic_nack;
      socket.write(writePdu({ command, status, sequence: pdu.sequence, body: Buffer.alloc(0) }));
      if (pdu.command === smpp_commands.unbind) lose(new Error('the SMS centre ended the session'));
      return;
    }
    const one = waiting.get(pdu.sequence);
    if (!one) return;
    waiting.delete(pdu.sequence);
    clearTimeout(one.timer);
    one.resolve(pdu);
  }

  socket.on('data', (chunk: Buffer) => {
    try {
      for (const pdu of readPdus(chunk)) take(pdu);
    } catch (error) {
      lose(error);
    }
  });
  socket.on('error', lose);
  socket.on('close', () => lose(new Error('the connection was closed')));

  function request(command: number, body: Buffer): Promise<Pdu> {
    return new Promise((resolve, reject) => {
      if (!alive) return reject(unreachable('The SMS centre', new Error('the connection was closed')));
      sequence = (sequence % 0x7fffffff) + 1;
      const timer = setTimeout(() => lose(timedOut()), timeout_ms);
      waiting.set(sequence, { resolve, reject, timer });
      socket.write(writePdu({ command, status: 0, sequence, body }));
    });
  }

  async function close(): Promise<void> {
    if (alive) await request(smpp_commands.unbind, Buffer.alloc(0)).catch(() => {});
    lose(new Error('closed'));
  }

  return { request, alive: () => alive, close };
}
