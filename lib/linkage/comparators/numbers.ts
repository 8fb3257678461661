const CURRENCY = /^\p{Sc}|\p{Sc}$/gu;
/** A sign that groups thousands stands before every three digits and before nothing else; only a second sign proves that it does. */
const GROUPED = [
  /^([+-]?)(\d{1,3}(?:,\d{3})+)(\.\d+)$/,
  /^([+-]?)(\d{1,3}(?:\.\d{3})+)(,\d+)$/,
  /^([+-]?)(\d{1,3}(?:,\d{3}){2,}|\d{1,3}(?:\.\d{3}){2,})$/,
];

/**
 * A number in plain digits from `12.50`, `12,50`, `1 234,50`, `1,234.50`, `1.234,50` or `$12.50`; null when it is none. A
 * sign that occurs once and alone, as in `1,234`, parts a fraction.
 */
export function normaliseNumber(raw: string): string | null {
  const text = raw.trim().replace(CURRENCY, '').replace(/\s/g, '');
  for (const pattern of GROUPED) {
    const parts = pattern.exec(text);
    if (parts !== null) return plain(`${parts[1]}${parts[2]!.replace(/[.,]/g, '')}${parts[3] ?? ''}`);
  }
  return text === '' ? null : plain(text);
}

function plain(text: string): string | null {
  const number = Number(text.replace(',', '.'));
  return Number.isFinite(number) ? String(number) : null;
}
