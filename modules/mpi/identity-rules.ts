/**
 * How a country's names and numbers are brought to one spelling before they are compared. The index itself knows no
 * country: these functions are given to it. Each answers an empty text when nothing comparable is left.
 */
export type IdentityRules = {
  given_name(text: string): string;
  family_name(text: string): string;
  patronymic(text: string): string;
  document_number?(type: string, number: string): string;
  phone?(number: string): string;
};

/** Complete rules from one way to compare names and a country's exceptions. */
export function identityRules({
  normalise,
  identity_rules,
}: {
  normalise: (name: string) => string;
  identity_rules?: Partial<IdentityRules>;
}): IdentityRules {
  const given = { given_name: normalise, family_name: normalise, patronymic: normalise, ...identity_rules };
  return {
    ...given,
    given_name: remembering(given.given_name),
    family_name: remembering(given.family_name),
    patronymic: remembering(given.patronymic),
  };
}

const most_remembered = 20_000;

/** Names repeat: most are compared many times a minute. */
function remembering(normalise: (text: string) => string): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    if (known.size >= most_remembered) known.clear();
    const key = normalise(text);
    known.set(text, key);
    return key;
  };
}

/** Capitals and digits only: blanks, hyphens and signs are written or left out at will. */
export function plainNumber(text: string): string {
  return text
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
}

/**
 * Whether a number can tell people apart at all. Clerks fill compulsory fields with `0000000000`; strangers must not
 * become one person for it.
 */
export function isIdentifying(number: string): boolean {
  return number.length >= 5 && new Set(number).size >= 3;
}
