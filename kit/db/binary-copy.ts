import type { Pool, PoolClient } from 'pg';

/** Rows of one COPY in PostgreSQL's binary format (documentation of COPY, "Binary Format"), gathered in one buffer. */
export type BinaryRows = {
  /** Begins a row of that many fields. */
  row(fields: number): BinaryRows;
  uuid(value: string): BinaryRows;
  int2(value: number): BinaryRows;
  int4(value: number): BinaryRows;
  /** Decimal text of 64 bits. */
  int8(value: string): BinaryRows;
  text(value: string): BinaryRows;
  bytes(value: Uint8Array | null): BinaryRows;
  date(value: string | null): BinaryRows;
  /** ISO 8601 in UTC, to the millisecond. */
  instant(value: string): BinaryRows;
  /** What was gathered, with header and trailer; the gatherer begins anew. */
  take(): Buffer;
};

const signature = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const days_before_2000 = 10_957;
const milliseconds_per_day = 86_400_000;
const milliseconds_before_2000 = BigInt(days_before_2000 * milliseconds_per_day);

export function createBinaryRows(): BinaryRows {
  let buffer = Buffer.allocUnsafe(1 << 20);
  let length = 0;
  /** Makes room first: the buffer may be another one afterwards. */
  function room(bytes: number): number {
    if (length + bytes > buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, length + bytes));
      buffer.copy(larger, 0, 0, length);
      buffer = larger;
    }
    const at = length;
    length += bytes;
    return at;
  }
  function field(bytes: number): number {
    const at = room(4 + bytes);
    buffer.writeInt32BE(bytes, at);
    return at + 4;
  }
  function nothing(): BinaryRows {
    const at = room(4);
    buffer.writeInt32BE(-1, at);
    return rows;
  }
  function restart(): void {
    length = 0;
    signature.copy(buffer, room(signature.length));
  }
  const rows: BinaryRows = {
    row: (fields) => {
      const at = room(2);
      buffer.writeInt16BE(fields, at);
      return rows;
    },
    uuid: (value) => {
      const at = field(16);
      buffer.write(value.replaceAll('-', ''), at, 'hex');
      return rows;
    },
    int2: (value) => {
      const at = field(2);
      buffer.writeInt16BE(value, at);
      return rows;
    },
    int4: (value) => {
      const at = field(4);
      buffer.writeInt32BE(value, at);
      return rows;
    },
    int8: (value) => {
      const at = field(8);
      buffer.writeBigInt64BE(BigInt(value), at);
      return rows;
    },
    text: (value) => {
      const at = field(Buffer.byteLength(value));
      buffer.write(value, at);
      return rows;
    },
    bytes: (value) => {
      if (value === null) return nothing();
      const at = field(value.length);
      buffer.set(value, at);
      return rows;
    },
    date: (value) => {
      if (value !== null) return rows.int4(Date.parse(value) / milliseconds_per_day - days_before_2000);
      return nothing();
    },
    instant: (value) => rows.int8(String((BigInt(Date.parse(value)) - milliseconds_before_2000) * 1000n)),
    take: () => {
      const at = room(2);
      buffer.writeInt16BE(-1, at);
      const taken = Buffer.from(buffer.subarray(0, length));
      restart();
      return taken;
    },
  };
  restart();
  return rows;
}

type CopyConnection = {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
};

/** Sends rows into `COPY … FROM STDIN (FORMAT binary)`; node-postgres has the protocol but no method for it. */
export function copyRows(client: PoolClient, target: string, rows: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    let failure: Error | undefined;
    const submittable = {
      submit: (connection: CopyConnection) => connection.query(`copy ${target} from stdin (format binary)`),
      handleCopyInResponse: (connection: CopyConnection) => {
        connection.sendCopyFromChunk(rows);
        connection.endCopyFrom();
      },
      handleError: (error: Error) => {
        failure = error;
        reject(error);
      },
      handleCommandComplete: () => {},
      handleReadyForQuery: () => {
        if (!failure) resolve();
      },
    };
    (client as unknown as { query(submittable: object): void }).query(submittable);
  });
}

/** Runs work on one connection in one transaction that may take as long as a bulk load takes. */
export async function inLongTransaction<Result>(
  pool: Pool,
  work: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  try {
    // One message: a process that is held up in between would otherwise lose its connection to the short limits.
    await client.query('begin; set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0');
    const result = await work(client);
    await client.query('commit');
    client.release();
    return result;
  } catch (error) {
    // The server rolls back when the connection ends; a failed COPY may have left the session unusable.
    client.release(true);
    throw error;
  }
}
