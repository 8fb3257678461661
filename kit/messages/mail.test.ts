import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { after, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { createSmtpSender, DeliveryError } from './index.ts';
import { renderMail } from './mime.ts';

type Session = { commands: string[]; data: string };
type Answers = {
  greeting?: string;
  ehlo?: string;
  from?: string;
  rcpt?: string;
  data?: string;
  silent?: boolean;
  /** What becomes of the connection once encryption was agreed on. */
  secured?: (socket: Socket) => void;
};

let sessions: Session[] = [];
let answers: Answers = {};
const sockets = new Set<Socket>();
const server: Server = createServer(serve);
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as { port: number };

beforeEach(() => {
  sessions = [];
  answers = {};
});
after(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

/** As much of a mail server as RFC 5321 needs for one mail. */
function serve(socket: Socket): void {
  sockets.add(socket);
  const session: Session = { commands: [], data: '' };
  sessions.push(session);
  let in_data = false;
  let pending = '';
  socket.on('error', () => {});
  if (answers.silent) return;
  socket.write(answers.greeting ?? '220 ready\r\n');
  socket.on('data', (chunk) => {
    pending += chunk.toString('latin1');
    for (let end = pending.indexOf('\r\n'); end >= 0; end = pending.indexOf('\r\n')) {
      const line = pending.slice(0, end);
      pending = pending.slice(end + 2);
      if (in_data && line !== '.') session.data += `${line.replace(/^\.\./, '.')}\r\n`;
      else if (in_data) {
        in_data = false;
        socket.write(answers.data ?? '250 taken\r\n');
      } else in_data = answer(socket, session, line);
    }
  });
}

function answer(socket: Socket, session: Session, line: string): boolean {
  session.commands.push(line);
  if (line.startsWith('EHLO')) socket.write(answers.ehlo ?? '250-here\r\n250-SIZE 1000000\r\n250 AUTH PLAIN\r\n');
  else if (line.startsWith('AUTH')) socket.write('235 welcome\r\n');
  else if (line === 'STARTTLS' && answers.secured) {
    socket.write('220 go on\r\n');
    answers.secured(socket);
  } else if (line.startsWith('MAIL')) socket.write(answers.from ?? '250 ok\r\n');
  else if (line.startsWith('RCPT')) socket.write(answers.rcpt ?? '250 ok\r\n');
  else if (line === 'DATA') socket.write('354 go on\r\n');
  else socket.write('250 ok\r\n');
  return line === 'DATA';
}

function sender(changes: object = {}) {
  const from = 'Здраво <no-reply@zdravo.example>';
  return createSmtpSender({ host: '127.0.0.1', port, security: 'none', from, timeout_ms: 1_000, ...changes });
}

const mail = {
  id: '6f9d0a52',
  to: 'olena@example.org',
  subject: 'Запрошення',
  text: 'Вітаємо!\n.\nКод',
  html: '<p>Вітаємо!</p>',
};

test('a mail arrives whole, in Ukrainian, as text and as a page', async () => {
  await sender({ user: 'u', password: 'p' }).send(mail);
  const [{ commands, data }] = sessions as [Session];
  assert.deepEqual(commands.slice(0, 5), [
    'EHLO zdravo',
    `AUTH PLAIN ${Buffer.from('\u0000u\u0000p').toString('base64')}`,
    'MAIL FROM:<no-reply@zdravo.example>',
    'RCPT TO:<olena@example.org>',
    'DATA',
  ]);
  const parts = [...data.matchAll(/base64\r\n\r\n([A-Za-z0-9+/=\r\n]+)/g)].map((one) =>
    Buffer.from(one[1]!, 'base64').toString(),
  );
  assert.deepEqual(parts, ['Вітаємо!\r\n.\r\nКод', '<p>Вітаємо!</p>']);
  const subject = /Subject: =\?UTF-8\?B\?(.+)\?=/.exec(data)![1]!;
  assert.equal(Buffer.from(subject, 'base64').toString(), 'Запрошення');
});

test('a refused address is permanent, a busy server is not', async () => {
  answers = { rcpt: '550 no such user\r\n' };
  await assert.rejects(sender().send(mail), { name: 'DeliveryError', permanent: true, carrier_code: '550' });
  answers = { data: '554 this is no mail\r\n' };
  await assert.rejects(sender().send(mail), { permanent: true, carrier_code: '554' });
  answers = { rcpt: '451 later\r\n' };
  await assert.rejects(sender().send(mail), { permanent: false, carrier_code: '451' });
});

test('what the server has against us is no refusal of the mail: it waits until that is mended', async () => {
  for (const changes of [
    { greeting: '554 no service for you\r\n' },
    { from: '550 no such sender\r\n' },
    { rcpt: '554 5.7.1 relaying denied\r\n' },
  ] satisfies Answers[]) {
    answers = changes;
    await assert.rejects(sender().send(mail), { name: 'DeliveryError', permanent: false });
  }
});

test('a mail that is sent again is known by its Message-ID', async () => {
  answers = { data: '451 taken, but you will not know\r\n' };
  await assert.rejects(sender().send(mail), { permanent: false });
  answers = {};
  await sender().send(mail);
  const ids = sessions.map(({ data }) => /^Message-ID: (.*)\r$/m.exec(data)![1]);
  assert.deepEqual(ids, ['<6f9d0a52@zdravo.example>', '<6f9d0a52@zdravo.example>']);
});

test('a server that drips a reply without end is not waited for', async () => {
  answers = { ehlo: '250-still\r\n' };
  const drip = setInterval(() => {
    for (const socket of sockets) if (!socket.destroyed) socket.write('250-thinking\r\n');
  }, 20);
  try {
    await assert.rejects(sender({ timeout_ms: 300 }).send(mail), { permanent: false, carrier_code: 'ETIMEDOUT' });
  } finally {
    clearInterval(drip);
  }
});

test('a connection that breaks or falls silent while it is made secret is a passing failure', async () => {
  for (const secured of [
    (socket: Socket) => socket.resetAndDestroy(),
    (socket: Socket) => socket.end('in the clear\r\n'),
    () => undefined,
  ]) {
    answers = { ehlo: '250-here\r\n250 STARTTLS\r\n', secured };
    await assert.rejects(sender({ security: 'starttls', timeout_ms: 300 }).send(mail), {
      name: 'DeliveryError',
      permanent: false,
    });
  }
});

test('a server that is silent, talks nonsense or is away is a passing failure', async () => {
  answers = { silent: true };
  await assert.rejects(sender({ timeout_ms: 200 }).send(mail), { permanent: false });
  answers = { greeting: 'HTTP/1.1 200 OK\r\n' };
  await assert.rejects(sender().send(mail), { permanent: false, carrier_code: 'smtp' });
  await assert.rejects(sender({ port: 1 }).send(mail), { permanent: false, carrier_code: 'ECONNREFUSED' });
});

test('without the encryption that was asked for nothing is sent', async () => {
  await assert.rejects(sender({ security: 'starttls', user: 'u', password: 'p' }).send(mail), {
    carrier_code: 'starttls',
  });
  assert.ok(!sessions[0]!.commands.some((line) => line.startsWith('AUTH') || line.startsWith('MAIL')));
});

test('no address or subject smuggles in a header, a command or a recipient', async () => {
  const wicked = ['a@b.c\r\nRCPT TO:<x@y.z>', 'a@b.c>, <x@y.z', 'a b@c.d', 'без@домену', 'a@b.c\r\nBcc: x@y.z', ''];
  for (const to of wicked)
    await assert.rejects(sender().send({ ...mail, to }), (error) => error instanceof DeliveryError && error.permanent);
  assert.equal(sessions.length, 0);
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.string({ unit: 'binary', maxLength: 200 }),
      (subject, text) => {
        const rendered = renderMail(
          { id: 'one', to: 'a@b.c', subject: subject.toWellFormed(), text: text.toWellFormed() },
          'x@y.z',
          new Date(0),
        );
        const [head] = rendered.split('\r\n\r\n') as [string];
        const names = head
          .split('\r\n')
          .filter((line) => !line.startsWith(' '))
          .map((line) => line.split(':')[0]);
        assert.deepEqual(names, [
          'From',
          'To',
          'Subject',
          'Date',
          'Message-ID',
          'Auto-Submitted',
          'MIME-Version',
          'Content-Type',
          'Content-Transfer-Encoding',
        ]);
        assert.ok(rendered.split('\r\n').every((line) => line.length <= 200 && /^[\x20-\x7e]*$/.test(line)));
      },
    ),
  );
});
