import type { Server } from 'node:http';
import {
  type CheckpointStore,
  createMemoryCheckpointStore,
  createMemoryTileStore,
  createWitnessServer,
  formatVerifierKey,
  generateSignerKey,
  parsePolicy,
  parseSigner,
  SIGNATURE_TYPES,
  type Signer,
  type TileStore,
  type Witness,
} from '@zdravo/tlog';
import type { TransparencyLog } from './transparency-log.ts';

/** A log in memory with real witnesses over HTTP, of which `threshold` must cosign; for tests. */
export type WitnessedLog = {
  transparency_log: TransparencyLog;
  signer: Signer;
  /** What each witness remembers, and whether it answers. */
  witnesses: { name: string; witness: Witness; store: CheckpointStore; server: Server; url: string }[];
  close(): Promise<void>;
};

export async function startWitnessedLog(
  given: {
    threshold?: number;
    tiles?: TileStore;
    checkpoints?: CheckpointStore;
    origin?: string;
    signer?: Signer;
  } = {},
): Promise<WitnessedLog> {
  const { threshold = 2, tiles = createMemoryTileStore(), checkpoints = createMemoryCheckpointStore() } = given;
  const origin = given.signer?.key.name ?? given.origin ?? 'log.example/ops';
  const signer = given.signer ?? parseSigner(generateSignerKey({ name: origin, type: SIGNATURE_TYPES.ed25519 }));
  const promise_signer = parseSigner(generateSignerKey({ name: `${origin}/promises`, type: SIGNATURE_TYPES.ed25519 }));
  const witnesses = await Promise.all(['one', 'two', 'three'].map((name) => startWitness(name, signer)));
  const lines = [
    `log ${formatVerifierKey(signer.key)}`,
    ...witnesses.map(({ name, vkey, url }) => `witness ${name} ${vkey} ${url}`),
    `group witnesses ${threshold} one two three`,
    'quorum witnesses',
  ];
  const policy = parsePolicy(Buffer.from(`${lines.join('\n')}\n`));
  return {
    transparency_log: { signers: [signer], promise_signer, policy, tiles, checkpoints, witness_timeout_ms: 2_000 },
    signer,
    witnesses,
    close: async () => {
      await Promise.all(witnesses.map(({ server }) => stopServer(server)));
    },
  };
}

async function startWitness(name: string, log: Signer) {
  const signer = parseSigner(
    generateSignerKey({ name: `${name}.witness.example`, type: SIGNATURE_TYPES.ed25519_cosignature }),
  );
  const store = createMemoryCheckpointStore();
  const witness: Witness = {
    store,
    logs: new Map([[log.key.name, [log.key]]]),
    signers: [signer],
    now: () => BigInt(Math.floor(Date.now() / 1000)),
  };
  const server = createWitnessServer(witness, { on_error: () => {} });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return { name, witness, store, server, vkey: formatVerifierKey(signer.key), url: `http://127.0.0.1:${port}` };
}

/** Closes a witness, also one that was closed before. */
export async function stopServer(server: Server): Promise<void> {
  if (!server.listening) return;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
