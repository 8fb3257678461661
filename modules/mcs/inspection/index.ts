import type { Scanner } from './clamd.ts';
import { readJpeg } from './jpeg.ts';
import { readPdf } from './pdf.ts';
import { type DocumentType, FlawFound, type Verdict, verdictOf } from './verdict.ts';

export { connectClamd, type Scanner, type ScannerAddress, ScannerUnavailable, type ScanResult } from './clamd.ts';
export type { DocumentType, Flaw, Verdict } from './verdict.ts';

export type InspectionRules = {
  max_bytes: number;
  /** Without one, viruses are not looked for. */
  scanner?: Scanner;
};

/**
 * Whether these bytes are exactly a document of the announced type and nothing else. The virus scan comes first: an
 * infected file is reported as such whatever its form. Errors: `ScannerUnavailable`.
 */
export async function inspect(
  bytes: Buffer,
  announced_type: string,
  { max_bytes, scanner }: InspectionRules,
): Promise<Verdict> {
  return verdictOf(async () => {
    if (bytes.length === 0) throw new FlawFound('empty', 'The file is empty');
    if (bytes.length > max_bytes) throw new FlawFound('too_large', `The file is larger than ${max_bytes} bytes`);
    await refuseInfected(bytes, scanner);
    const type = magicType(bytes);
    if (type === undefined) throw new FlawFound('type_unknown', 'The file is neither a JPEG nor a PDF');
    if (type !== announced_type) throw new FlawFound('type_mismatch', `The file is not ${announced_type} but ${type}`);
    await readers[type](bytes);
    return type;
  });
}

async function refuseInfected(bytes: Buffer, scanner: Scanner | undefined): Promise<void> {
  const result = await scanner?.scan(bytes);
  if (result?.infected) throw new FlawFound('infected', `The scanner found ${result.name}`);
}

const readers: Record<DocumentType, (bytes: Buffer) => void | Promise<void>> = {
  'image/jpeg': readJpeg,
  'application/pdf': readPdf,
};

function magicType(bytes: Buffer): DocumentType | undefined {
  if (bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff]))) return 'image/jpeg';
  return bytes.toString('latin1', 0, 5) === '%PDF-' ? 'application/pdf' : undefined;
}
