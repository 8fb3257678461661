import {
  canonicalJson,
  hashLeaf,
  openCheckpoint,
  parseNote,
  parseReceipt,
  parseVerifierKey,
  type VerifierKey,
  verifyInclusion,
  verifyNote,
} from '@zdravo/tlog';
import { sumMinor } from '../capitation/amounts.ts';
import { manifest_format, sha256 } from './manifest.ts';

export type Totals = {
  billing_month: string;
  declaration_count: number;
  amount_minor: number;
  is_complete: boolean;
  files: number;
};
/** Reads a published file by its name, e.g. over HTTP. */
export type ReadFile = (name: string) => Promise<Uint8Array>;

type Manifest = {
  format: string;
  billing_month: string;
  is_complete: boolean;
  totals: { declaration_count: number; amount_minor: number };
  files: { name: string; size: number; sha256: string }[];
};
type Row = { declaration_count: number; amount_minor: number };

/**
 * What anybody can do with the open files alone: checks the signature, every checksum and the log entry of a month, and
 * adds up the country's totals. `vkey` is the signing key, got from somewhere else than the files.
 * @throws Error that names what does not hold.
 */
export async function recomputeTotals(read: ReadFile, month: string, vkey: string): Promise<Totals> {
  const key = parseVerifierKey(vkey.trim());
  const folder = `capitation/${month}`;
  const bytes = await read(`${folder}/manifest.json`);
  const manifest = JSON.parse(Buffer.from(bytes).toString()) as Manifest;
  require(manifest.format === manifest_format, 'the manifest has another format');
  require(manifest.billing_month === month, 'the manifest is of another month');
  checkSignature(await read(`${folder}/manifest.note`), { month, manifest_sha256: sha256(bytes), key });
  checkLogEntry(await read(`${folder}/manifest.tlog-proof`), { month, manifest_sha256: sha256(bytes), key });
  for (const file of manifest.files) {
    const content = await read(`${folder}/${file.name}`);
    require(content.length === file.size &&
      sha256(content) === file.sha256, `${file.name} is not the file of the manifest`);
  }
  const rows = JSON.parse(Buffer.from(await read(`${folder}/capitation.json`)).toString()) as Row[];
  const declaration_count = rows.reduce((sum, row) => sum + row.declaration_count, 0);
  const amount_minor = sumMinor(rows.map((row) => row.amount_minor));
  require(declaration_count === manifest.totals.declaration_count, 'the declarations of the rows are not the total');
  require(amount_minor === manifest.totals.amount_minor, 'the money of the rows is not the total');
  return {
    billing_month: month,
    declaration_count,
    amount_minor,
    is_complete: manifest.is_complete,
    files: manifest.files.length,
  };
}

type Claim = { month: string; manifest_sha256: string; key: VerifierKey };

function checkSignature(bytes: Uint8Array, { month, manifest_sha256, key }: Claim): void {
  const note = parseNote(bytes);
  require(verifyNote(note, [key]).length > 0, 'the manifest is not signed by this key');
  require(note.text ===
    `zdravo-capitation-manifest\n${month}\n${manifest_sha256}\n`, 'the signature is of another manifest');
}

function checkLogEntry(bytes: Uint8Array, { month, manifest_sha256, key }: Claim): void {
  const receipt = parseReceipt(bytes);
  const { checkpoint } = openCheckpoint(receipt.checkpoint, [key]);
  const leaf_hash = hashLeaf(canonicalJson({ billing_month: month, manifest_sha256 }));
  verifyInclusion({
    index: receipt.index,
    size: checkpoint.size,
    leaf_hash,
    proof: receipt.proof,
    root: checkpoint.root,
  });
}

function require(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}
