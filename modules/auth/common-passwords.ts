/** Words and rows of keys that begin every list of leaked passwords; lower case, without digits in place of letters. */
const words = [
  'password',
  'passwort',
  'passw',
  'qwertyuiop',
  'qwerty',
  'asdfghjkl',
  'asdf',
  'zxcvbnm',
  'zxcv',
  'qazwsx',
  'йцукен',
  'фівап',
  'пароль',
  'parol',
  'welcome',
  'letmein',
  'iloveyou',
  'administrator',
  'admin',
  'login',
  'secret',
  'changeme',
  'superman',
  'dragon',
  'monkey',
  'football',
  'ukraine',
  'ukraina',
  'україна',
  'kyiv',
  'київ',
  'слава',
  'героям',
  'zdravo',
  'ehealth',
  'doctor',
  'лікар',
  'health',
];
const letters_for: Record<string, string> = {
  0: 'o',
  1: 'i',
  3: 'e',
  4: 'a',
  5: 's',
  7: 't',
  '@': 'a',
  $: 's',
  '!': 'i',
};
const least_left = 5;

/**
 * Whether a password is made of what everybody tries first: common words, also with digits in place of letters, and runs
 * such as `1234`, `aaaa` or a year; fewer than five other characters make no difference to a guesser (NIST SP 800-63B
 * §5.1.1.2: commonly used, expected, or compromised).
 */
export function isCommonPassword(password: string): boolean {
  const without_words = withoutWords(password.normalize('NFKC').toLowerCase());
  const without_runs = without_words.replace(/(.)\1{2,}/gu, ' ').replace(/(?:19|20)\d\d/g, ' ');
  return withoutSequences(without_runs).replace(/[\s\p{P}\p{S}]/gu, '').length < least_left;
}

function withoutWords(text: string): string {
  const letters = text.replace(/[013457@$!]/g, (one) => letters_for[one] ?? one);
  const masked = words.reduce((left, word) => left.replaceAll(word, ' '.repeat(word.length)), letters);
  return text.replace(/./gsu, (one, at: number) => (masked[at] === ' ' ? ' ' : one));
}

/** Without three or more characters that follow each other upwards or downwards: `123`, `cba`. */
function withoutSequences(text: string): string {
  const codes = [...text].map((one) => one.codePointAt(0)!);
  const isInRun = (at: number, step: number) =>
    [-2, -1, 0].some(
      (shift) =>
        codes[at + shift + 1] === codes[at + shift]! + step && codes[at + shift + 2] === codes[at + shift + 1]! + step,
    );
  return codes.map((code, at) => (isInRun(at, 1) || isInRun(at, -1) ? ' ' : String.fromCodePoint(code))).join('');
}
