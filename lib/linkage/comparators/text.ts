import { toLatin } from './transliteration.ts';

/** Words that stand for "no value" in exported tables; compared after lower-casing. */
const ABSENT = new Set([
  '',
  'na',
  'n/a',
  'nan',
  'null',
  'none',
  'nil',
  '\\n',
  '-',
  '--',
  '.',
  '?',
  'unknown',
  'не вказано',
]);

/** True for an empty value and for the usual words that mean one: absent is never equal to absent. */
export function isAbsent(raw: string | null | undefined): boolean {
  if (raw === null || raw === undefined) return true;
  if (raw.length > 12) return raw.trim() === '';
  return ABSENT.has(raw.trim().toLowerCase());
}

/** Plain Latin lower-case letters and digits, words parted by single spaces, apostrophes dropped. */
export function foldWords(raw: string): string {
  return toLatin(raw)
    .replace(/['’ʼ`"]/g, '')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

/** Plain Latin lower-case letters and digits only, with nothing between them. */
export function foldTight(raw: string): string {
  return toLatin(raw).replace(/[^\p{L}\p{N}]+/gu, '');
}

/** First letter and the consonants after it, repeated letters once: survives most vowel and doubling errors. */
export function consonantSkeleton(key: string): string {
  return (key.slice(0, 1) + key.slice(1).replace(/[aeiouy\s]/g, '')).replace(/(.)\1+/g, '$1');
}

/** The text itself and every text with one letter left out: two texts share one when they differ by one edit or one swap. */
export function deletionVariants(text: string, longest = 24): string[] {
  const cut = text.slice(0, longest);
  const variants = new Set<string>([cut]);
  for (let i = 0; i < cut.length; i++) variants.add(cut.slice(0, i) + cut.slice(i + 1));
  return [...variants];
}

/** Shared words over all words (Jaccard), 0…1. */
export function wordOverlap(left: ReadonlySet<string>, right: ReadonlySet<string>): number {
  let shared = 0;
  for (const word of left) if (right.has(word)) shared++;
  return shared / (left.size + right.size - shared);
}
