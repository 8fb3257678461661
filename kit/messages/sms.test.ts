import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer as createHttp, type IncomingHttpHeaders } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSmppSender, createWebhookSmsSender } from './index.ts';
import { createPduReader, type Pdu, response_bit, writePdu } from './smpp-pdu.ts';
import { splitSms } from './sms-parts.ts';

const sms = { id: '0b8f6c1e', phone: '+380670000001', text: 'Код: 123456' };

async function withWebhook(
  status: number,
  work: (url: string, seen: { headers: IncomingHttpHeaders; body: string }[]) => Promise<void>,
) {
  const seen: { headers: IncomingHttpHeaders; body: string }[] = [];
  const server = createHttp((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      seen.push({ headers: request.headers, body });
      response.writeHead(status, status === 302 ? { location: 'http://127.0.0.1:1/' } : {}).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await work(`http://127.0.0.1:${(server.address() as { port: number }).port}/sms`, seen);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('the webhook gets the message, signed', async () => {
  await withWebhook(202, async (url, seen) => {
    await createWebhookSmsSender({ url, secret: 's' }).send(sms);
    const [{ headers, body }] = seen as [(typeof seen)[number]];
    assert.deepEqual(JSON.parse(body), { id: sms.id, to: sms.phone, text: sms.text });
    assert.equal(headers.authorization, 'Bearer s');
    assert.equal(headers['x-signature'], createHmac('sha256', 's').update(body).digest('hex'));
  });
});

test('the webhook’s refusals are told apart, and redirections are not followed', async () => {
  for (const [status, permanent] of [
    [422, true],
    [400, true],
    [429, false],
    [401, false],
    [503, false],
    [302, false],
  ] as const) {
    await withWebhook(status, async (url) => {
      await assert.rejects(createWebhookSmsSender({ url, secret: 's' }).send(sms), {
        name: 'DeliveryError',
        permanent,
      });
    });
  }
  await assert.rejects(createWebhookSmsSender({ url: 'http://127.0.0.1:1/', secret: 's' }).send(sms), {
    permanent: false,
  });
});

type Centre = {
  port: number;
  pdus: Pdu[];
  sockets: Set<Socket>;
  status: Record<number, number>;
  mute: boolean;
  stop(): Promise<void>;
};

/** A message centre that takes what it is given. */
async function startCentre(): Promise<Centre> {
  const centre: Centre = { port: 0, pdus: [], sockets: new Set(), status: {}, mute: false, stop: async () => {} };
  const server: Server = createServer((socket) => {
    centre.sockets.add(socket);
    const read = createPduReader();
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      for (const pdu of read(chunk)) {
        centre.pdus.push(pdu);
        if (centre.mute || pdu.command >= response_bit) continue;
        const body = Buffer.from('id\u0000');
        socket.write(
          writePdu({
            command: pdu.command + response_bit,
            status: centre.status[pdu.command] ?? 0,
            sequence: pdu.sequence,
            body,
          }),
        );
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  centre.port = (server.address() as { port: number }).port;
  centre.stop = async () => {
    for (const socket of centre.sockets) socket.destroy();
    server.close();
  };
  return centre;
}

function smpp(centre: Centre, changes: object = {}) {
  const options = {
    host: '127.0.0.1',
    port: centre.port,
    system_id: 'zdravo',
    password: 'secret',
    source: 'Zdravo',
    timeout_ms: 500,
  };
  return createSmppSender({ ...options, ...changes });
}

function submitted(pdu: Pdu) {
  const fields: string[] = [];
  let at = 0;
  const text = () => {
    const end = pdu.body.indexOf(0, at);
    fields.push(pdu.body.toString('latin1', at, end));
    at = end + 1;
  };
  text();
  at += 2;
  text();
  at += 2;
  text();
  const esm_class = pdu.body[at]!;
  at += 3;
  text();
  text();
  const data_coding = pdu.body[at + 2]!;
  const length = pdu.body[at + 4]!;
  return {
    source: fields[1],
    phone: fields[2],
    esm_class,
    data_coding,
    message: pdu.body.subarray(at + 5, at + 5 + length),
  };
}

test('SMPP: one sign-in, then messages in Ukrainian and in Latin, then a farewell', async () => {
  const centre = await startCentre();
  const sender = smpp(centre);
  await sender.send(sms);
  await sender.send({ ...sms, text: 'Code: 123456' });
  await sender.close();
  assert.deepEqual(
    centre.pdus.map((pdu) => pdu.command),
    [2, 4, 4, 6],
  );
  const [ukrainian, latin] = centre.pdus.slice(1, 3).map(submitted) as [
    ReturnType<typeof submitted>,
    ReturnType<typeof submitted>,
  ];
  assert.equal(ukrainian.phone, '380670000001');
  assert.equal(ukrainian.source, 'Zdravo');
  assert.equal(ukrainian.data_coding, 8);
  assert.equal(Buffer.from(ukrainian.message).swap16().toString('utf16le'), sms.text);
  assert.equal(latin.data_coding, 0);
  assert.equal(latin.message.toString('latin1'), 'Code: 123456');
  await centre.stop();
});

test('SMPP: a long text goes in parts that say how they belong together', async () => {
  const centre = await startCentre();
  const sender = smpp(centre);
  const text = 'Вітаємо! '.repeat(20);
  await sender.send({ ...sms, text });
  const parts = centre.pdus.filter((pdu) => pdu.command === 4).map(submitted);
  assert.equal(parts.length, 3);
  assert.ok(parts.every((part) => part.esm_class === 0x40));
  assert.deepEqual(
    parts.map((part) => [...part.message.subarray(4, 6)]),
    [
      [3, 1],
      [3, 2],
      [3, 3],
    ],
  );
  assert.equal(new Set(parts.map((part) => part.message[3])).size, 1);
  const joined = parts.map((part) => Buffer.from(part.message.subarray(6)).swap16().toString('utf16le')).join('');
  assert.equal(joined, text);
  await sender.close();
  await centre.stop();
});

test('SMPP: a text that went in part goes again with the mark that lets a phone join it', async () => {
  const centre = await startCentre();
  const sender = smpp(centre);
  const long = { ...sms, text: 'Вітаємо! '.repeat(20) };
  centre.status[4] = 0x14;
  await assert.rejects(sender.send(long), { permanent: false });
  centre.status[4] = 0;
  await sender.send(long);
  const parts = centre.pdus.filter((pdu) => pdu.command === 4).map(submitted);
  assert.equal(parts.length, 4);
  assert.equal(new Set(parts.map((part) => part.message[3])).size, 1);
  await sender.close();
  await centre.stop();
});

test('SMPP: messages that come at once when there is no line make one, also after it was lost', async () => {
  const centre = await startCentre();
  const sender = smpp(centre);
  for (const lines of [1, 2]) {
    await Promise.all(Array.from({ length: 8 }, () => sender.send(sms)));
    assert.equal(centre.pdus.filter((pdu) => pdu.command === 2).length, lines);
    for (const socket of centre.sockets) socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await sender.close();
  await centre.stop();
});

test('SMPP: refusals are told apart, and a refused sign-in may be mended', async () => {
  const centre = await startCentre();
  const sender = smpp(centre);
  centre.status[4] = 0x0b;
  await assert.rejects(sender.send(sms), { permanent: true, carrier_code: '0x0000000b' });
  // Throttled, a failed submission, a sender that we misspelt: at another time, or by another setting, it is taken.
  for (const passing of [0x58, 0x45, 0x0a]) {
    centre.status[4] = passing;
    await assert.rejects(sender.send(sms), { permanent: false });
  }
  await sender.close();
  centre.status[2] = 0x0e;
  await assert.rejects(smpp(centre).send(sms), { permanent: false, carrier_code: '0x0000000e' });
  await centre.stop();
});

test('SMPP: a lost, silent or nonsensical line is a passing failure, and the next message finds a new one', async () => {
  const centre = await startCentre();
  const sender = smpp(centre);
  await sender.send(sms);
  for (const socket of centre.sockets) socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await sender.send(sms);
  centre.mute = true;
  await assert.rejects(sender.send(sms), { permanent: false });
  centre.mute = false;
  await sender.send(sms);
  for (const socket of centre.sockets) if (!socket.destroyed) socket.write(Buffer.alloc(32, 0xff));
  await new Promise((resolve) => setTimeout(resolve, 50));
  await sender.send(sms);
  await sender.close();
  await centre.stop();
  await assert.rejects(sender.send(sms), { permanent: false });
});

test('SMPP: a sign of life is asked for and answered', async () => {
  const centre = await startCentre();
  const sender = smpp(centre, { keep_alive_ms: 50 });
  await sender.send(sms);
  for (const socket of centre.sockets)
    socket.write(writePdu({ command: 0x15, status: 0, sequence: 77, body: Buffer.alloc(0) }));
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.ok(centre.pdus.some((pdu) => pdu.command === 0x15));
  assert.ok(centre.pdus.some((pdu) => pdu.command === 0x80000015 && pdu.sequence === 77));
  await sender.close();
  await centre.stop();
});

test('whatever the text, its parts are short enough, whole, and split no character', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 500 }), fc.string({ maxLength: 500 })), (text) => {
      const { data_coding, parts } = splitSms(text, 7);
      assert.ok(parts.every((part) => part.length <= (data_coding === 0 ? 160 : 140)));
      const bodies = parts.length === 1 ? parts : parts.map((part) => part.subarray(6));
      const decode = (part: Buffer) =>
        data_coding === 0 ? part.toString('latin1') : Buffer.from(part).swap16().toString('utf16le');
      if (parts.length < 10) assert.equal(bodies.map(decode).join(''), text);
      assert.ok(!text.isWellFormed() || bodies.every((part) => decode(part).isWellFormed()));
    }),
  );
});
