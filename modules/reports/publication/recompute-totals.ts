import { hashLeaf, type Policy, parseNote, parsePolicy, verifyNote, verifyReceipt } from '@zdravo/tlog';
import { sumMinor } from '../capitation/amounts.ts';
import { manifest_format, sha256 } from './manifest.ts';
import { entryOf } from './publications-log.ts';

export type Totals = {
  billing_month: string;
  declaration_count: number;
  amount_minor: number;
  is_complete: boolean;
  files: number;
  /** Witnesses that saw the month's entry in the log before anybody else did. */
  seen_by: string[];
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
 * What anybody can do with the open files alone: checks the signature, every checksum, the log entry and that the
 * witnesses saw it, and adds up the country's totals. `policy` says whom to believe (c2sp.org/tlog-policy), got from
 * somewhere else than the files.
 * @throws Error that names what does not hold.
 */
export async function recomputeTotals(read: ReadFile, month: string, policy_text: Uint8Array): Promise<Totals> {
  const policy = parsePolicy(policy_text);
  const folder = `capitation/${month}`;
  const bytes = await read(`${folder}/manifest.json`);
  const manifest = JSON.parse(Buffer.from(bytes).toString()) as Manifest;
  require(manifest.format === manifest_format, 'the manifest has another format');
  require(manifest.billing_month === month, 'the manifest is of another month');
  checkSignature(await read(`${folder}/manifest.note`), { month, manifest: bytes, policy });
  const proof = await read(`${folder}/manifest.tlog-proof`);
  const { cosigners } = verifyReceipt({ receipt: proof, leaf_hash: hashLeaf(entryOf(month, bytes)), policy });
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
    seen_by: cosigners.map(({ name }) => name),
  };
}

type Claim = { month: string; manifest: Uint8Array; policy: Policy };

function checkSignature(bytes: Uint8Array, { month, manifest, policy }: Claim): void {
  const note = parseNote(bytes);
  const keys = policy.logs.map(({ key }) => key);
  require(verifyNote(note, keys).length > 0, 'the manifest is not signed by this key');
  require(note.text ===
    `zdravo-capitation-manifest\n${month}\n${sha256(manifest)}\n`, 'the signature is of another manifest');
}

function require(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}
