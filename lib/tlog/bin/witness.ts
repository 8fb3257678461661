import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  createWitnessServer,
  formatVerifierKey,
  generateSignerKey,
  openFileCheckpointStore,
  parseSigner,
  parseVerifierKey,
  SIGNATURE_TYPES,
  type Signer,
  TlogError,
  type VerifierKey,
} from '../index.ts';

// A witness (c2sp.org/tlog-witness) as a program of its own: `npm run witness -- --name NAME --data FOLDER --log VKEY…`.
// It cosigns only what extends what it cosigned before; its memory is durable before each answer.

const usage = `usage: npm run witness -- --name NAME --data FOLDER --log VKEY [--log VKEY…] [--port 4100] [--host 127.0.0.1]

  NAME    name of the witness's key: a schemeless URL of the organisation that runs it
  FOLDER  keeps the key and the last checkpoint cosigned per log; never to be restored from a backup
  VKEY    verifier key of a log to watch; several keys of one origin may be given while it changes them`;

type Options = { name: string; data: string; logs: string[]; port: number; host: string };

try {
  await serve(readOptions());
} catch (error) {
  console.error(error instanceof TlogError || error instanceof RangeError ? error.message : error);
  process.exit(1);
}

async function serve({ name, data, logs, port, host }: Options): Promise<void> {
  await mkdir(data, { recursive: true, mode: 0o700 });
  const signer = await keptSigner(join(data, 'witness.key'), name);
  const store = await openStore(join(data, 'checkpoints'));
  const witness = { store, logs: byOrigin(logs), signers: [signer], now: () => BigInt(Math.floor(Date.now() / 1000)) };
  const server = createWitnessServer(witness, { on_error: (error) => console.error(error) });
  server.listen(port, host, () => {
    const { port: listening } = server.address() as { port: number };
    console.log(`vkey ${formatVerifierKey(signer.key)}`);
    console.log(`ready http://${host}:${listening}`);
  });
  const stop = () => server.close(() => void store.close().then(() => process.exit(0))).closeAllConnections();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  // A witness that another program started ends with it.
  process.on('disconnect', stop);
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      name: { type: 'string' },
      data: { type: 'string' },
      log: { type: 'string', multiple: true },
      port: { type: 'string', default: '4100' },
      host: { type: 'string', default: '127.0.0.1' },
    },
  });
  const port = Number(values.port);
  const { name, data, log: logs } = values;
  if (!name || !data || !logs || !Number.isInteger(port) || port < 0 || port > 65_535) throw new RangeError(usage);
  return { name, data, logs, port, host: values.host };
}

/** Made on the first start; from then on it is this witness's identity. */
async function keptSigner(path: string, name: string): Promise<Signer> {
  const kept = await readFile(path, 'utf8').catch(() => undefined);
  if (kept !== undefined) {
    const signer = parseSigner(kept.trim());
    if (signer.key.name === name) return signer;
    throw new RangeError(`The key in ${path} is named ${signer.key.name}, not ${name}.`);
  }
  const made = generateSignerKey({ name, type: SIGNATURE_TYPES.ed25519_cosignature });
  await writeFile(path, `${made}\n`, { mode: 0o600, flag: 'wx' });
  return parseSigner(made);
}

/** A predecessor that was just told to stop may still hold the folder for a moment. */
async function openStore(
  directory: string,
  attempts = 50,
): Promise<Awaited<ReturnType<typeof openFileCheckpointStore>>> {
  try {
    return await openFileCheckpointStore(directory);
  } catch (error) {
    if (attempts <= 1 || !(error instanceof TlogError) || error.code !== 'store_locked') throw error;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return openStore(directory, attempts - 1);
  }
}

function byOrigin(vkeys: readonly string[]): Map<string, VerifierKey[]> {
  return Map.groupBy(vkeys.map(parseVerifierKey), (key) => key.name);
}
