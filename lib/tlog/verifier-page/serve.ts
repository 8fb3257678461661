import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FindLogFile } from '../log-files.ts';

const TYPES: Record<string, string> = {
  'index.html': 'text/html; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'verify.js': 'text/javascript; charset=utf-8',
};

/** The verifier page's files by name; the page itself under the empty path. It may be served from anywhere, or kept. */
export const findVerifierFile: FindLogFile = async (path) => {
  const name = path === '' ? 'index.html' : path;
  const content_type = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
  if (content_type === undefined) return undefined;
  const bytes = new Uint8Array(await readFile(join(import.meta.dirname, name)));
  return { bytes, content_type, cache_control: 'no-cache' };
};
