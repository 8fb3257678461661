import { reverseTransliterate } from './transliteration.ts';

/** Latin letters that look like Cyrillic ones, as they slip into words typed with the wrong keyboard layout. */
const look_alikes: Record<string, string> = {
  a: 'а',
  c: 'с',
  e: 'е',
  h: 'н',
  i: 'і',
  k: 'к',
  m: 'м',
  o: 'о',
  p: 'р',
  t: 'т',
  x: 'х',
  y: 'у',
  b: 'в',
};
const merged: Record<string, string> = {
  и: 'і',
  ї: 'і',
  й: 'і',
  ы: 'і',
  є: 'е',
  э: 'е',
  ё: 'е',
  ґ: 'г',
  я: 'іа',
  ю: 'іу',
};

/** The spelling in which names are compared: `normaliseName` says what is made one. */
export function spellingKey(text: string): string {
  const bare = text
    .normalize('NFKC')
    .toLocaleLowerCase('uk')
    .replace(/[^\p{L}]|\p{Lm}/gu, '');
  return mergeLetters(cyrillic(bare));
}

function cyrillic(letters: string): string {
  if (!/\p{Script=Latin}/u.test(letters)) return letters;
  if (/\p{Script=Cyrillic}/u.test(letters)) return letters.replace(/[a-z]/g, (letter) => look_alikes[letter] ?? letter);
  return reverseTransliterate(letters.normalize('NFD').replace(/\p{M}/gu, ''));
}

/**
 * "я" becomes "іа" because Latin "ia" may stand for either; "іе", "тс" and "шч" merge with є, ц and щ, and runs of і with
 * one, for the same reason (-ський is -skyi, and "yi" is also ї).
 */
function mergeLetters(letters: string): string {
  return letters
    .replace(/[иїйыєэёґяю]/g, (letter) => merged[letter]!)
    .replace(/[ьъ]/g, '')
    .replace(/і+/g, 'і')
    .replaceAll('іе', 'е')
    .replaceAll('тс', 'ц')
    .replaceAll('шч', 'щ');
}
