import { refuseArchives } from './foreign-content.ts';
import { knownFilters, measureStream } from './pdf-filters.ts';
import { type InflateBudget, inflateWithin } from './pdf-inflate.ts';
import { type PdfStream, readPdfParts } from './pdf-parts.ts';
import { type Effort, invalidPdf, max_values, type PdfValue, readValue } from './pdf-syntax.ts';
import { FlawFound } from './verdict.ts';

const max_inflated_bytes = 256 * 1024 * 1024;
const max_pixels = 200_000_000;

/**
 * Refuses what is not exactly a PDF, or does anything but show pages: scripts, launches, files inside, forms that send,
 * external streams, encryption (nobody could look into it), and streams that swell. Objects in object streams are read
 * too. What pages look like is not decoded.
 */
export async function readPdf(bytes: Buffer): Promise<void> {
  refuseArchives(bytes);
  const effort = { values_left: max_values };
  const { values, streams, trailers } = readPdfParts(bytes, effort);
  for (const value of [...values, ...trailers]) refuseActiveContent(value);
  for (const trailer of trailers) refuseRepeatedKeys(trailer);
  if (trailers.some((trailer) => entry(trailer, 'Encrypt'))) {
    throw new FlawFound('encrypted', 'The PDF is encrypted and cannot be checked');
  }
  if (!trailers.some((trailer) => entry(trailer, 'Root'))) throw invalidPdf('it has no root');
  const limits = { effort, budget: { left: max_inflated_bytes } };
  for (const stream of streams) await readStream(stream, limits);
}

const active = new Set(
  'JavaScript JS Launch EmbeddedFile EmbeddedFiles RichMedia XFA ImportData SubmitForm GoToE GoToR Rendition Movie Sound'.split(
    ' ',
  ),
);

function refuseActiveContent(value: PdfValue): void {
  if (value.kind === 'name') refuseActiveName(value.name);
  else if (value.kind === 'array') for (const item of value.items) refuseActiveContent(item);
  else if (value.kind === 'dictionary') {
    for (const [name, inner] of value.entries) {
      refuseActiveName(name.replace(/ again \d+$/, ''));
      refuseActiveContent(inner);
    }
  }
}

function refuseActiveName(name: string): void {
  if (active.has(name)) throw new FlawFound('active_content', `The PDF does more than show pages: ${name}`);
}

type Limits = { effort: Effort; budget: InflateBudget };

async function readStream({ dictionary, content }: PdfStream, limits: Limits): Promise<void> {
  refuseRepeatedKeys(dictionary);
  if (entry(dictionary, 'F')) throw new FlawFound('active_content', 'A stream lies in another file');
  refuseLargePicture(dictionary);
  const filters = knownFilters(filterNames(dictionary));
  if (!holdsObjects(dictionary)) return measureStream(content, filters, limits.budget);
  if (filters.length === 0) return readObjectStream(content, dictionary, limits.effort);
  // What a reader sees after a predictor or a second filter is not what is looked into here.
  const is_plain_flate = filters.length === 1 && filters[0] === 'FlateDecode' && !hasParameters(dictionary);
  if (!is_plain_flate) throw invalidPdf('an object stream cannot be read');
  const inflated = await inflateWithin(content, { budget: limits.budget, keep: true });
  if (!inflated.is_whole) throw invalidPdf('an object stream cannot be read');
  readObjectStream(inflated.content, dictionary, limits.effort);
}

/** Readers find object streams by the cross-reference table and seldom look at their type: `First` gives one away. */
function holdsObjects(dictionary: PdfValue): boolean {
  const type = entry(dictionary, 'Type');
  const is_named_otherwise = type === undefined || (type.kind === 'name' && type.name !== 'ObjStm');
  return !is_named_otherwise || entry(dictionary, 'First') !== undefined;
}

function hasParameters(dictionary: PdfValue): boolean {
  return entry(dictionary, 'DecodeParms') !== undefined || entry(dictionary, 'DP') !== undefined;
}

/** Of a key that comes twice one reader believes the first value, another the last (§7.3.7 forbids it). */
function refuseRepeatedKeys(value: PdfValue): void {
  if (value.kind !== 'dictionary') return;
  for (const name of value.entries.keys()) if (/ again \d+$/.test(name)) throw invalidPdf('a key comes twice');
}

function refuseLargePicture(dictionary: PdfValue): void {
  const [width, height] = [entry(dictionary, 'Width'), entry(dictionary, 'Height')];
  if (width === undefined || height === undefined) return;
  if (width.kind !== 'number' || height.kind !== 'number') throw invalidPdf('a picture does not tell its size');
  if (width.number * height.number > max_pixels) throw new FlawFound('bomb', 'A picture has too many pixels');
}

/** Pairs of number and offset, then the objects from `First` on (ISO 32000-1 §7.5.7). */
function readObjectStream(content: Buffer, dictionary: PdfValue, effort: Effort): void {
  const first = entry(dictionary, 'First');
  const count = entry(dictionary, 'N');
  if (first?.kind !== 'number' || count?.kind !== 'number' || count.number > 100_000) {
    throw invalidPdf('an object stream is broken');
  }
  const numbers = content
    .toString('latin1', 0, first.number)
    .trim()
    .split(/[\s\0]+/)
    .map(Number);
  for (let index = 0; index < count.number; index += 1) {
    const offset = numbers[2 * index + 1];
    if (offset === undefined || !Number.isInteger(offset)) throw invalidPdf('an object stream is broken');
    refuseActiveContent(readValue({ bytes: content, at: first.number + offset, effort }));
  }
}

function filterNames(dictionary: PdfValue): string[] {
  const filter = entry(dictionary, 'Filter');
  const values = filter?.kind === 'array' ? filter.items : filter ? [filter] : [];
  return values.map((value) => {
    if (value.kind !== 'name') throw invalidPdf('a filter is not named');
    return value.name;
  });
}

function entry(value: PdfValue, name: string): PdfValue | undefined {
  return value.kind === 'dictionary' ? value.entries.get(name) : undefined;
}
