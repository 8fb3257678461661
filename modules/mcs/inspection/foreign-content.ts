import { FlawFound } from './verdict.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

/** What makes a file something else for another reader when it stands in a place meant for remarks. */
const signatures_in_remarks = [
  '%PDF-',
  'PK\x03\x04',
  'PK\x05\x06',
  'Rar!\x1a\x07',
  '7z\xbc\xaf\x27\x1c',
  '\x7fELF',
  '<script',
  '<html',
  '<!doctype',
  '<?php',
  '<iframe',
];

/** Refuses a segment of metadata or remarks that another program would take for its own file. */
export function refuseForeignRemarks(segment: Buffer): void {
  const text = segment.toString('latin1').toLowerCase();
  const found = signatures_in_remarks.find((signature) => text.includes(signature.toLowerCase()));
  if (found) throw new FlawFound('polyglot', 'A remark in the file holds another kind of file');
}

/** Readers of PDF take its header anywhere in the first 1,024 bytes, browsers sniff the first 1,445 for a page. */
const looked_at_bytes = 4096;
const beginnings_of_pages = ['%PDF-', '<script', '<html', '<!doctype', '<?php '];

/** Refuses a picture whose compressed bytes another program would take for a page or a document of its own. */
export function refuseForeignPages(bytes: Buffer): void {
  const text = bytes.toString('latin1', 0, looked_at_bytes).toLowerCase();
  const found = beginnings_of_pages.find((beginning) => text.includes(beginning.toLowerCase()));
  if (found) throw new FlawFound('polyglot', 'The picture is a document of another kind as well');
}

/**
 * Refuses a file that is an archive as well. Readers look for a ZIP's directory at the end of a file and for a RAR or
 * 7z anywhere; the two ZIP signatures together do not come about by chance.
 */
export function refuseArchives(bytes: Buffer): void {
  const is_zip = bytes.includes(latin1('PK\x05\x06')) && bytes.includes(latin1('PK\x01\x02'));
  const is_other = bytes.includes(latin1('Rar!\x1a\x07')) || bytes.includes(latin1('7z\xbc\xaf\x27\x1c'));
  if (is_zip || is_other) throw new FlawFound('polyglot', 'The file is an archive as well');
}
