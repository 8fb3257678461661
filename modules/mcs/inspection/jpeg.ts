import { refuseArchives, refuseForeignPages, refuseForeignRemarks } from './foreign-content.ts';
import { FlawFound } from './verdict.ts';

const max_pixels = 200_000_000;
const max_scans = 100;
const max_images = 8;
const max_segments = 20_000;

/** Markers of ITU-T T.81, Annex B. */
const marker = { dht: 0xc4, soi: 0xd8, eoi: 0xd9, sos: 0xda, dqt: 0xdb, dri: 0xdd, app0: 0xe0, app15: 0xef, com: 0xfe };

/**
 * Refuses what is not exactly a JPEG: every byte belongs to a segment or a scan, nothing follows the end (but further
 * pictures announced by a Multi-Picture segment, CIPA DC-007, which phones append), and no remark holds another file.
 * The coefficients are not decoded.
 */
export function readJpeg(bytes: Buffer): void {
  refuseArchives(bytes);
  refuseForeignPages(bytes);
  let image = readImage(bytes, 0);
  for (let count = 1; image.end < bytes.length; count += 1) {
    const is_announced = image.has_more && bytes[image.end] === 0xff && bytes[image.end + 1] === marker.soi;
    if (!is_announced || count >= max_images)
      throw new FlawFound('trailing_data', 'Bytes follow the end of the picture');
    image = { ...readImage(bytes, image.end), has_more: true };
  }
}

type Image = { end: number; has_more: boolean };
type State = { has_frame: boolean; has_tables: boolean; scans: number; has_more: boolean };

function readImage(bytes: Buffer, start: number): Image {
  if (bytes[start] !== 0xff || bytes[start + 1] !== marker.soi) throw invalid('it does not start with a picture');
  const state: State = { has_frame: false, has_tables: false, scans: 0, has_more: false };
  let at = start + 2;
  for (let segments = 0; ; segments += 1) {
    if (segments > max_segments) throw new FlawFound('bomb', `The picture has more than ${max_segments} segments`);
    const { code, next } = readMarker(bytes, at);
    if (code === marker.eoi) break;
    const segment = readSegment(bytes, next);
    readOne(state, code, segment);
    at = next + 2 + segment.length;
    if (code === marker.sos) at = endOfScan(bytes, at);
  }
  if (state.scans === 0) throw invalid('it holds no picture');
  return { end: readMarker(bytes, at).next, has_more: state.has_more };
}

function readMarker(bytes: Buffer, start: number): { code: number; next: number } {
  let at = start;
  if (bytes[at] !== 0xff) throw invalid('a marker is missing');
  while (bytes[at] === 0xff) at += 1;
  const code = bytes[at];
  if (code === undefined) throw invalid('it ends early');
  return { code, next: at + 1 };
}

function readSegment(bytes: Buffer, at: number): Buffer {
  if (at + 2 > bytes.length) throw invalid('it ends early');
  const length = bytes.readUInt16BE(at);
  if (length < 2 || at + length > bytes.length) throw invalid('a segment is longer than the file');
  return bytes.subarray(at + 2, at + length);
}

function readOne(state: State, code: number, segment: Buffer): void {
  if (code >= 0xc0 && code <= 0xc2) readFrame(state, segment);
  else if (code === marker.sos) readScan(state, segment);
  else if (code === marker.dht) readHuffmanTables(state, segment);
  else if (code === marker.dqt) readQuantisation(segment);
  else if (code === marker.com || (code >= marker.app0 && code <= marker.app15)) readRemark(state, code, segment);
  else if (code !== marker.dri) throw invalid(`the marker ${code.toString(16)} is not allowed`);
  else if (segment.length !== 2) throw invalid('its restart interval has a wrong length');
}

/** Each table: class and place, 16 counts, as many symbols (B.2.4.2). Nothing else fits into the segment. */
function readHuffmanTables(state: State, segment: Buffer): void {
  let at = 0;
  while (at < segment.length) {
    const place = segment[at] ?? 0xff;
    const symbols = segment.subarray(at + 1, at + 17).reduce((sum, count) => sum + count, 0);
    if (place >> 4 > 1 || (place & 15) > 3 || symbols > 256) throw invalid('a Huffman table is none');
    at += 17 + symbols;
  }
  if (at === 0 || at !== segment.length) throw invalid('a Huffman table has a wrong length');
  state.has_tables = true;
}

/** Each table: precision and place, 64 values of one or two bytes (B.2.4.1). */
function readQuantisation(segment: Buffer): void {
  let at = 0;
  while (at < segment.length) {
    const place = segment[at] ?? 0xff;
    if (place >> 4 > 1 || (place & 15) > 3) throw invalid('a quantisation table is none');
    at += place >> 4 ? 129 : 65;
  }
  if (at === 0 || at !== segment.length) throw invalid('a quantisation table has a wrong length');
}

function readFrame(state: State, segment: Buffer): void {
  if (state.has_frame || segment.length < 6) throw invalid('it has no one frame');
  const [height, width, components] = [segment.readUInt16BE(1), segment.readUInt16BE(3), segment[5] ?? 0];
  if (height === 0 || width === 0 || components === 0 || components > 4) throw invalid('its frame is empty');
  if (segment.length !== 6 + 3 * components) throw invalid('its frame has a wrong length');
  if (height * width > max_pixels) throw new FlawFound('bomb', `The picture has more than ${max_pixels} pixels`);
  state.has_frame = true;
}

function readScan(state: State, segment: Buffer): void {
  const components = segment[0] ?? 0;
  const is_whole = components >= 1 && components <= 4 && segment.length === 4 + 2 * components;
  if (!state.has_frame || !state.has_tables || !is_whole) throw invalid('a scan comes before its frame or tables');
  state.scans += 1;
  if (state.scans > max_scans) throw new FlawFound('bomb', `The picture has more than ${max_scans} scans`);
}

function readRemark(state: State, code: number, segment: Buffer): void {
  refuseForeignRemarks(segment);
  if (code === marker.app0 + 2 && segment.subarray(0, 4).equals(Buffer.from('MPF\0'))) state.has_more = true;
}

/** In a scan every 0xFF is followed by 0x00 or is a restart marker; the first other one ends it. */
function endOfScan(bytes: Buffer, start: number): number {
  for (let at = bytes.indexOf(0xff, start); at !== -1; at = bytes.indexOf(0xff, at + 2)) {
    const code = bytes[at + 1];
    const is_within = code === 0x00 || (code !== undefined && code >= 0xd0 && code <= 0xd7);
    if (!is_within && at > start) return at;
    if (!is_within) break;
  }
  throw invalid('a scan is empty or does not end');
}

function invalid(detail: string): FlawFound {
  return new FlawFound('structure_invalid', `Not a whole JPEG: ${detail}`);
}
