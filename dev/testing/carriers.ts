import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCertificateAuthority, issueCertificate } from '@zdravo/signature';
import smpp from 'smpp';
import { SMTPServer } from 'smtp-server';

// What stands for the carriers of mails and SMS in tests: real servers of their protocols, written by others where there are any.

export type ReceivedMail = { to: string; text: string };
/** The newest mail first. */
export type MailServer = { port: number; ca: string; mails: ReceivedMail[]; close(): Promise<void> };

/** A submission server that takes mail from one user, over STARTTLS only; its certificate is of an authority of its own. */
export async function startMailServer({ user, password }: { user: string; password: string }): Promise<MailServer> {
  const mails: ReceivedMail[] = [];
  const { key, cert, ca } = certificateOfLocalhost();
  const server = new SMTPServer({
    key,
    cert,
    authMethods: ['PLAIN'],
    onAuth: (auth, _session, callback) =>
      auth.username === user && auth.password === password
        ? callback(null, { user })
        : callback(new Error('unknown user')),
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const text = textOf(Buffer.concat(chunks).toString());
        for (const { address } of session.envelope.rcptTo) mails.unshift({ to: address, text });
        callback();
      });
    },
  });
  const listening = server.listen(0, '127.0.0.1');
  await new Promise((resolve) => listening.once('listening', resolve));
  return {
    port: (listening.address() as AddressInfo).port,
    ca,
    mails,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

function certificateOfLocalhost() {
  const [not_before, not_after] = [new Date(Date.now() - 86_400_000), new Date(Date.now() + 86_400_000)];
  const authority = createCertificateAuthority({ name: 'carriers of tests', not_before, not_after });
  const issued = issueCertificate(authority, { common_name: 'localhost' });
  return { key: issued.private_key, cert: issued.certificate_pem, ca: authority.certificate_pem };
}

/** Of a mail with one part in base64, as ours are. */
function textOf(message: string): string {
  return Buffer.from(message.slice(message.indexOf('\r\n\r\n')), 'base64').toString();
}

export type ReceivedSms = { id: string; phone: string; text: string };
/** The newest message first. */
export type SmsGateway = { url: string; messages: ReceivedSms[]; close(): Promise<void> };

/** An SMS gateway that takes messages over HTTP from whoever knows the secret. */
export async function startSmsGateway(secret: string): Promise<SmsGateway> {
  const messages: ReceivedSms[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      if (request.headers.authorization !== `Bearer ${secret}`) return response.writeHead(401).end();
      const { id, to, text } = JSON.parse(body) as { id: string; to: string; text: string };
      messages.unshift({ id, phone: to, text });
      return response.writeHead(202).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sms`,
    messages,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** The oldest part of a message first. */
export type SmsCentre = {
  port: number;
  messages: { from: string; to: string; text: string }[];
  close(): Promise<void>;
};

/** An SMS centre that speaks SMPP 3.4 and knows one sender. */
export async function startSmsCentre(account: { system_id: string; password: string }): Promise<SmsCentre> {
  const messages: SmsCentre['messages'] = [];
  const server = smpp.createServer((session) => {
    let is_bound = false;
    session.on('bind_transmitter', (pdu) => {
      is_bound = pdu.system_id === account.system_id && pdu.password === account.password;
      session.send(pdu.response({ command_status: is_bound ? smpp.ESME_ROK : smpp.ESME_RBINDFAIL }));
    });
    session.on('submit_sm', (pdu) => {
      const { source_addr: from, destination_addr: to, short_message } = pdu;
      if (is_bound) messages.push({ from, to, text: short_message.message });
      session.send(pdu.response({ command_status: is_bound ? smpp.ESME_ROK : smpp.ESME_RBINDFAIL, message_id: '1' }));
    });
    session.on('enquire_link', (pdu) => session.send(pdu.response()));
    session.on('unbind', (pdu) => {
      session.send(pdu.response());
      session.close();
    });
    session.on('error', () => session.close());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    messages,
    close: () => {
      for (const session of server.sessions) session.close();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
