import { createConnection, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { addressOf, plainAddress, renderMail } from './mime.ts';
import { createReplyReader, type Reply, type ReplyReader } from './smtp-replies.ts';
import { DeliveryError, type Mail, type MailSender, timedOut, unreachable } from './types.ts';

export type SmtpOptions = {
  host: string;
  port: number;
  /** `tls`: from the first byte (465); `starttls`: refused when the server does not offer it (587); `none`: a local relay. */
  security: 'tls' | 'starttls' | 'none';
  user?: string;
  password?: string;
  /** `Name <address>`. */
  from: string;
  /** For a connection, and for each whole reply: a server that drips letters holds nobody up. */
  timeout_ms?: number;
  /** Of a private certificate authority, PEM. */
  ca?: string;
  now?: () => Date;
};

const default_timeout_ms = 15_000;

type Session = { socket: Socket; replies: ReplyReader; extensions: Set<string> };

/** Hands mail to a submission server (RFC 5321, RFC 6409), a connection per mail. */
export function createSmtpSender(options: SmtpOptions): MailSender {
  return {
    send: async (mail) => {
      const message = renderMail(mail, options.from, options.now?.() ?? new Date());
      const session = await open(options);
      try {
        await submit(session, options, mail, message);
      } finally {
        session.socket.destroy();
      }
    },
    close: async () => {},
  };
}

async function open(options: SmtpOptions): Promise<Session> {
  const { host, port, security } = options;
  const session =
    security === 'tls'
      ? await sessionOn(connectTls({ host, port, servername: host, ...tlsOptions(options) }), 'secureConnect', options)
      : await sessionOn(createConnection({ host, port }), 'connect', options);
  try {
    await expectReply(session, 220);
    await greet(session);
    if (security !== 'starttls') return session;
    return await upgrade(session, options);
  } catch (error) {
    session.socket.destroy();
    throw error;
  }
}

async function sessionOn(socket: Socket, event: string, { timeout_ms = default_timeout_ms }: SmtpOptions) {
  await connected(socket, event, timeout_ms);
  return { socket, replies: createReplyReader(socket, timeout_ms), extensions: new Set<string>() };
}

/** What came before the handshake is forgotten (RFC 3207 §4.2), and no offer means no mail: never in clear instead. */
async function upgrade(session: Session, options: SmtpOptions): Promise<Session> {
  if (!session.extensions.has('STARTTLS'))
    throw new DeliveryError('The mail server offers no encryption.', { permanent: false, carrier_code: 'starttls' });
  await command(session, 'STARTTLS', 220);
  session.replies.stop();
  const secure = connectTls({ socket: session.socket, servername: options.host, ...tlsOptions(options) });
  const upgraded = await sessionOn(secure, 'secureConnect', options);
  await greet(upgraded);
  return upgraded;
}

function tlsOptions({ ca }: SmtpOptions) {
  return { minVersion: 'TLSv1.2' as const, ...(ca === undefined ? {} : { ca }) };
}

function connected(socket: Socket, event: string, timeout_ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(timedOut()), timeout_ms);
    socket.once('error', (cause) => reject(unreachable('The mail server', cause)));
    socket.once('close', () => {
      clearTimeout(timer);
      reject(unreachable('The mail server', new Error('the connection was closed')));
    });
    socket.once(event, () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

async function greet(session: Session): Promise<void> {
  const { lines } = await command(session, 'EHLO zdravo', 250);
  session.extensions = new Set(lines.slice(1).map((line) => line.split(' ')[0]!.toUpperCase()));
}

async function submit(session: Session, options: SmtpOptions, mail: Mail, message: string): Promise<void> {
  if (options.user !== undefined) {
    const plain = Buffer.from(`\u0000${options.user}\u0000${options.password ?? ''}`).toString('base64');
    await command(session, `AUTH PLAIN ${plain}`, 235);
  }
  await command(session, `MAIL FROM:<${addressOf(options.from)}>`, 250);
  await command(session, `RCPT TO:<${plainAddress(mail.to)}>`, 250, isRefusal);
  await command(session, 'DATA', 354);
  await command(session, `${message.replace(/^\./gm, '..').replace(/\r\n$/, '')}\r\n.`, 250, isRefusal);
  session.socket.end('QUIT\r\n');
}

/** Of this address or this mail. Of the sender, our address or our password it is none: that may be mended. */
function isRefusal({ code, lines }: Reply): boolean {
  // RFC 3463 §3.8: x.7.x is policy, such as a relay that does not know us.
  return code >= 550 && code < 560 && !lines.at(-1)!.startsWith('5.7.');
}

type Judge = (reply: Reply) => boolean;

async function command(session: Session, line: string, expected: number, isPermanent?: Judge): Promise<Reply> {
  session.socket.write(`${line}\r\n`);
  return expectReply(session, expected, isPermanent);
}

async function expectReply({ replies }: Session, expected: number, isPermanent: Judge = () => false): Promise<Reply> {
  const reply = await replies.next();
  if (reply.code === expected) return reply;
  throw new DeliveryError('The mail server refused the mail.', {
    permanent: isPermanent(reply),
    carrier_code: String(reply.code),
  });
}
