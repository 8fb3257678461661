import { scopes } from '../scopes.ts';
import { countryNames } from './countries.ts';
import { kveds } from './kveds.ts';
import { partner_dictionaries } from './partners.ts';
import { person_dictionaries } from './persons.ts';
import { dictionary_scopes } from './scopes.ts';

export type Dictionary = { name: string; values: Record<string, string>; labels: string[]; is_active: boolean };

const kveds_allowed_msp = ['86.10', '86.21'];
const kveds_allowed_pharmacy = ['47.73'];

/** The 34 dictionaries of the reference (domain.md Annex E), with the same codes and Ukrainian texts, in order of name. */
export function builtInDictionaries(): Dictionary[] {
  const open = { ...partner_dictionaries, ...person_dictionaries, COUNTRY: countryNames(), KVEDS: { ...kveds } };
  const dictionaries = [
    ...Object.entries(open).map(([name, values]) => dictionary(name, values, ['SYSTEM', 'EXTERNAL'])),
    dictionary('KVEDS_ALLOWED', kvedTexts(kveds_allowed_msp), ['SYSTEM']),
    dictionary('KVEDS_ALLOWED_MSP', kvedTexts(kveds_allowed_msp), ['SYSTEM']),
    dictionary('KVEDS_ALLOWED_PHARMACY', kvedTexts(kveds_allowed_pharmacy), ['SYSTEM']),
    dictionary('SCOPES', scopeTexts(), ['ADMIN', 'SYSTEM']),
  ];
  return dictionaries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function dictionary(name: string, values: Record<string, string>, labels: string[]): Dictionary {
  return { name, values: { ...values }, labels, is_active: true };
}

function kvedTexts(codes: string[]): Record<string, string> {
  return Object.fromEntries(codes.map((code) => [code, kveds[code]!]));
}

function scopeTexts(): Record<string, string> {
  return Object.fromEntries(dictionary_scopes.map((scope) => [scope, scopes[scope]!.uk]));
}
