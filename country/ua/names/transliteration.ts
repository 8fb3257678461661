/** Ukrainian letters in Latin by Cabinet resolution No. 55 of 2010; the second form stands inside a word, not at its start. */
const letters: Record<string, string | [string, string]> = {
  а: 'a',
  б: 'b',
  в: 'v',
  г: 'h',
  ґ: 'g',
  д: 'd',
  е: 'e',
  є: ['ye', 'ie'],
  ж: 'zh',
  з: 'z',
  и: 'y',
  і: 'i',
  ї: ['yi', 'i'],
  й: ['y', 'i'],
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
  ф: 'f',
  х: 'kh',
  ц: 'ts',
  ч: 'ch',
  ш: 'sh',
  щ: 'shch',
  ь: '',
  ю: ['yu', 'iu'],
  я: ['ya', 'ia'],
};
const apostrophes = /['ʼ’‘`′]/;

/** A name in Latin letters as Ukrainian passports write it (Cabinet resolution No. 55 of 27.01.2010): Згурський → Zghurskyi. */
export function transliterate(text: string): string {
  let latin = '';
  let inside = false;
  let previous = '';
  for (const letter of text.normalize('NFC')) {
    if (apostrophes.test(letter)) continue;
    latin += latinOf(letter, inside, previous);
    inside = /\p{L}/u.test(letter);
    previous = letter.toLowerCase();
  }
  return latin;
}

function latinOf(letter: string, inside: boolean, previous: string): string {
  const lower = letter.toLowerCase();
  if (lower === 'г' && previous === 'з') return inCaseOf(letter, 'gh');
  const forms = letters[lower];
  if (forms === undefined) return letter;
  return inCaseOf(letter, typeof forms === 'string' ? forms : forms[inside ? 1 : 0]);
}

function inCaseOf(letter: string, latin: string): string {
  const lower = letter.toLowerCase();
  return letter === lower ? latin : latin.charAt(0).toUpperCase() + latin.slice(1);
}

/** Latin letter groups, longest first, and what they most likely stood for, in the spelling that `normaliseName` makes. */
const groups: [string, string][] = [
  ['shch', 'щ'],
  ['zgh', 'зг'],
  ['kh', 'х'],
  ['zh', 'ж'],
  ['ts', 'ц'],
  ['ch', 'ч'],
  ['sh', 'ш'],
  ['ph', 'ф'],
  ['th', 'т'],
  ['yu', 'ю'],
  ['iu', 'ю'],
  ['ju', 'ю'],
  ['ya', 'я'],
  ['ia', 'я'],
  ['ja', 'я'],
  ['ye', 'е'],
  ['ie', 'е'],
  ['je', 'е'],
  ['yi', 'і'],
  ['yo', 'йо'],
  ['jo', 'йо'],
  ['x', 'кс'],
  ['w', 'в'],
  ['q', 'к'],
];
const singles: Record<string, string> = {
  a: 'а',
  b: 'б',
  c: 'к',
  d: 'д',
  e: 'е',
  f: 'ф',
  g: 'г',
  h: 'г',
  i: 'і',
  j: 'й',
  k: 'к',
  l: 'л',
  m: 'м',
  n: 'н',
  o: 'о',
  p: 'п',
  r: 'р',
  s: 'с',
  t: 'т',
  u: 'у',
  v: 'в',
  y: 'и',
  z: 'з',
};

/** A guess, good enough for comparing, at the Ukrainian letters behind a name that came in Latin ones. Lower case in and out. */
export function reverseTransliterate(latin: string): string {
  let text = '';
  let place = 0;
  while (place < latin.length) {
    const group = groups.find(([letters]) => latin.startsWith(letters, place));
    text += group ? group[1] : (singles[latin[place]!] ?? latin[place]);
    place += group ? group[0].length : 1;
  }
  return text;
}
