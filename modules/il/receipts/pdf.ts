import { fileURLToPath } from 'node:url';
import PDFDocument from 'pdfkit';
import { encode } from 'uqr';

export type Sheet = {
  title: string;
  lines: readonly string[];
  /** What the code is for. */
  check: string;
  /** What the code says. */
  code: string;
  checkpoint: string;
  foot: readonly string[];
};

const fonts = {
  plain: fileURLToPath(import.meta.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf')),
  bold: fileURLToPath(import.meta.resolve('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf')),
};
const margin = 56;
const code_width = 150;

/** A page of A4, or more where names are very long, with the fonts that it needs inside, so that it looks the same everywhere. */
export async function renderSheet(sheet: Sheet): Promise<Buffer> {
  const document = new PDFDocument({ size: 'A4', margin, info: { Title: sheet.title }, lang: 'uk', compress: true });
  const chunks: Buffer[] = [];
  document.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise((resolve) => document.on('end', resolve));
  document.font(fonts.bold).fontSize(18).text(sheet.title).moveDown();
  document.font(fonts.plain).fontSize(11);
  for (const line of sheet.lines) document.text(line).moveDown(0.4);
  document.moveDown().text(sheet.check).moveDown(0.5);
  drawCode(document, sheet.code);
  document.fontSize(8).text(sheet.checkpoint).moveDown();
  document.fontSize(9);
  for (const line of sheet.foot) document.text(line).moveDown(0.4);
  document.end();
  await ended;
  return Buffer.concat(chunks);
}

/** A QR code (ISO/IEC 18004) as vectors: sharp at any size, and read when a sixth of it is damaged. */
function drawCode(document: PDFKit.PDFDocument, text: string): void {
  const { data, size } = encode(text, { ecc: 'M', border: 2 });
  const module_width = code_width / size;
  // Text goes to the next page by itself, what is drawn does not.
  if (document.y + code_width > document.page.maxY()) document.addPage();
  const top = document.y;
  for (const [row, modules] of data.entries())
    for (const [column, is_dark] of modules.entries())
      if (is_dark) document.rect(margin + column * module_width, top + row * module_width, module_width, module_width);
  document.fill('black');
  document.y = top + code_width + 8;
}
