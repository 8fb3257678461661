/** The few PDUs of SMPP 3.4 that sending needs (SMPP v3.4 issue 1.2, §4). */
export const smpp_commands = {
  generic_nack: 0x80000000,
  bind_transmitter: 0x00000002,
  submit_sm: 0x00000004,
  unbind: 0x00000006,
  enquire_link: 0x00000015,
} as const;

export const response_bit = 0x80000000;

export type Pdu = { command: number; status: number; sequence: number; body: Buffer };

export function writePdu({ command, status, sequence, body }: Pdu): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32BE(16 + body.length, 0);
  header.writeUInt32BE(command, 4);
  header.writeUInt32BE(status, 8);
  header.writeUInt32BE(sequence, 12);
  return Buffer.concat([header, body]);
}

const longest = 65_536;

/** Collects bytes into PDUs. @throws RangeError for a length that no PDU has. */
export function createPduReader(): (chunk: Buffer) => Pdu[] {
  let pending = Buffer.alloc(0);
  return (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    const pdus: Pdu[] = [];
    while (pending.length >= 16) {
      const length = pending.readUInt32BE(0);
      if (length < 16 || length > longest) throw new RangeError('a PDU of impossible length');
      if (pending.length < length) break;
      pdus.push({
        command: pending.readUInt32BE(4),
        status: pending.readUInt32BE(8),
        sequence: pending.readUInt32BE(12),
        body: pending.subarray(16, length),
      });
      pending = pending.subarray(length);
    }
    return pdus;
  };
}

export function bindBody(credentials: { system_id: string; password: string }): Buffer {
  const { system_id, password } = credentials;
  return Buffer.concat([text(system_id, 15), text(password, 8), text('', 12), Buffer.from([0x34, 0, 0]), text('', 40)]);
}

export type Submission = { source: string; phone: string; data_coding: number; part: Buffer; joined: boolean };

/** Numbers are international; a source of letters is alphanumeric (§5.2.5). */
export function submitBody({ source, phone, data_coding, part, joined }: Submission): Buffer {
  const source_ton = /^\+?\d+$/.test(source) ? 1 : 5;
  const esm_class = joined ? 0x40 : 0;
  return Buffer.concat([
    text('', 5),
    Buffer.from([source_ton, source_ton === 1 ? 1 : 0]),
    text(source.replace(/^\+/, ''), 20),
    Buffer.from([1, 1]),
    text(phone.replace(/^\+/, ''), 20),
    Buffer.from([esm_class, 0, 0]),
    text('', 16),
    text('', 16),
    Buffer.from([0, 0, data_coding, 0, part.length]),
    part,
  ]);
}

/** A C-octet string. */
function text(value: string, longest_value: number): Buffer {
  if (value.length > longest_value || /[^\x20-\x7e]/.test(value))
    throw new RangeError(`an SMPP string must be ASCII and at most ${longest_value} long`);
  return Buffer.from(`${value}\u0000`, 'latin1');
}
