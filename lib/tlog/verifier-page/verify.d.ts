export class NotVerified extends Error {}
export type Cosigner = { name: string; timestamp: bigint };
export type Proved = {
  origin: string;
  size: bigint;
  index: bigint;
  cosigners: Cosigner[];
  leaf_hash: string;
  entry: { c: string; h: string; k: string; n: number; op: string; v: number };
};
export function verifyReceiptFile(bytes: Uint8Array, policy: Uint8Array): Promise<Proved>;
export function verifyRecordFile(
  bytes: Uint8Array,
  policy: Uint8Array,
): Promise<Proved & { body: Record<string, unknown> }>;
export function verifyPrinted(
  printed: { index: bigint; leaf_hash: Uint8Array },
  fetchFile: (path: string) => Promise<Uint8Array>,
  policy: Uint8Array,
): Promise<Omit<Proved, 'entry'>>;
export function readPolicy(bytes: Uint8Array): Promise<unknown>;
