import type { Gender } from '../identifiers/tax-id.ts';

/**
 * The form of a family name that a man or a woman bears, from the man's form: -ський → -ська, -ий → -а, -тній → -тня,
 * -ов → -ова, -ін → -іна; all others (-енко, -ук, -ів, Палій …) are one for both.
 */
export function genderedSurname(masculine: string, gender: Gender): string {
  if (gender === 'MALE') return masculine;
  if (masculine.endsWith('ий')) return `${masculine.slice(0, -2)}а`;
  if (/[тджшч]ній$/.test(masculine)) return `${masculine.slice(0, -2)}я`;
  return /(?:ов|ев|єв|ін|їн)$/.test(masculine) && masculine.length > 4 ? `${masculine}а` : masculine;
}
