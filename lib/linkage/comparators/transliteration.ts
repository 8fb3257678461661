/**
 * Latin letters for Cyrillic ones, by one table for Ukrainian and Russian: letters that the two languages exchange in the
 * same name (и/і/ї/й/ы, е/є/э/ё, г/ґ) fall together, signs and apostrophes vanish.
 */
const LATIN_OF_CYRILLIC: Record<string, string> = {
  а: 'a',
  б: 'b',
  в: 'v',
  г: 'g',
  ґ: 'g',
  д: 'd',
  е: 'e',
  є: 'e',
  ё: 'e',
  э: 'e',
  ж: 'zh',
  з: 'z',
  и: 'i',
  і: 'i',
  ї: 'i',
  й: 'i',
  ы: 'i',
  к: 'k',
  л: 'l',
  м: 'm',
  н: 'n',
  о: 'o',
  п: 'p',
  р: 'r',
  с: 's',
  т: 't',
  у: 'u',
  ў: 'u',
  ф: 'f',
  х: 'kh',
  ц: 'ts',
  ч: 'ch',
  ш: 'sh',
  щ: 'shch',
  ъ: '',
  ь: '',
  ю: 'iu',
  я: 'ia',
};

/** ELOT 743, which Greek passports use; accents are taken off before. */
const LATIN_OF_GREEK: Record<string, string> = {
  α: 'a',
  β: 'v',
  γ: 'g',
  δ: 'd',
  ε: 'e',
  ζ: 'z',
  η: 'i',
  θ: 'th',
  ι: 'i',
  κ: 'k',
  λ: 'l',
  μ: 'm',
  ν: 'n',
  ξ: 'x',
  ο: 'o',
  π: 'p',
  ρ: 'r',
  σ: 's',
  ς: 's',
  τ: 't',
  υ: 'y',
  φ: 'f',
  χ: 'ch',
  ψ: 'ps',
  ω: 'o',
};

/** Latin letters that carry no combining mark and so survive Unicode decomposition. */
const PLAIN_OF_LATIN: Record<string, string> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ı: 'i',
};

const LATIN_LOOKALIKES: Record<string, string> = {
  a: 'а',
  c: 'с',
  e: 'е',
  i: 'і',
  k: 'к',
  m: 'м',
  o: 'о',
  p: 'р',
  t: 'т',
  x: 'х',
  y: 'у',
  b: 'в',
  h: 'н',
};

/** Lower-case text in plain Latin letters: Cyrillic and Greek transliterated, diacritics dropped. Mixed alphabets in one word are mended first. */
export function toLatin(text: string): string {
  let lower = text.normalize('NFKC').toLowerCase();
  if (isAscii(lower)) return lower;
  if (/[\u0400-\u04ff]/.test(lower)) lower = mendMixedWords(lower);
  if (/[\u0370-\u03ff\u1f00-\u1fff]/.test(lower)) lower = greekInLatin(lower);
  let latin = '';
  for (const letter of lower) latin += LATIN_OF_CYRILLIC[letter] ?? PLAIN_OF_LATIN[letter] ?? letter;
  return latin.normalize('NFD').replace(/\p{Mn}+/gu, '');
}

function greekInLatin(text: string): string {
  // ου, αυ and ευ are one sound each; a diaeresis on the second letter would say that they are two.
  const plain = text.normalize('NFD').replace(/(?<=[\u0370-\u03ff])[\u0300\u0301\u0313\u0314\u0342\u0345]+/g, '');
  const joined = plain.replaceAll(/ου(?!\u0308)/g, 'ou').replaceAll(/([αε])υ(?!\u0308)/g, '$1v');
  return joined.replaceAll(/[\u0370-\u03ff]/g, (letter) => LATIN_OF_GREEK[letter] ?? letter);
}

/**
 * The key under which spellings of one name in Ukrainian, Russian and several Latin transliterations meet
 * (Serhii = Sergei = Сергій = Сергей). It is coarse on purpose: two names under one key are *equivalent*, not equal.
 */
export function transliterationKey(latin: string): string {
  const key = latin
    .replace(/shch|sch|sh|sz/g, 's')
    .replace(/tch|cz|ch/g, 'c')
    .replace(/zh/g, 'z')
    .replace(/kh|gh|h/g, 'g')
    .replace(/ck|q/g, 'k')
    .replace(/ph/g, 'f')
    .replace(/w/g, 'v')
    .replace(/x/g, 'ks')
    .replace(/tz/g, 'ts')
    .replace(/y|j/g, 'i')
    .replace(/i+([aeou])/g, '$1')
    .replace(/(?<=.)ei$/, 'i')
    .replace(/(.)\1+/g, '$1');
  return key === '' ? latin : key;
}

function mendMixedWords(text: string): string {
  return text.replace(/[\p{L}'’ʼ-]+/gu, (word) => (isMixed(word) ? cyrillicWhereAlike(word) : word));
}

function isMixed(word: string): boolean {
  return /[a-z]/.test(word) && /[\u0400-\u04ff]/.test(word);
}

function cyrillicWhereAlike(word: string): string {
  let mended = '';
  for (const letter of word) mended += LATIN_LOOKALIKES[letter] ?? letter;
  return mended;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}
