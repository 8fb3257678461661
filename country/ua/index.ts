export { builtInAddresses, builtInSettlementWeights } from './addresses/built-in.ts';
export * from './addresses/check-address.ts';
export { readKatottg } from './addresses/katottg.ts';
export * from './addresses/rows.ts';
export * from './addresses/settlement-files.ts';
export { ImportProblem, type TextStream } from './addresses/text-lines.ts';
export * from './calendar.ts';
export * from './capitation-rates.ts';
export { builtInDictionaries, type Dictionary } from './dictionaries/built-in.ts';
export { kved_sections } from './dictionaries/kveds.ts';
export type { Change } from './generator/changes.ts';
export { type Country, type CountryOptions, generateCountry } from './generator/country.ts';
export { type DuplicateOptions, type LinkageRecord, withDuplicates } from './generator/duplicates.ts';
export { type PlantedCase, type PlantedDeclaration, plantedCases } from './generator/fraud.ts';
export {
  type DeclarationHistory,
  type DeclarationStatus,
  declarationHistories,
  type StatusChange,
} from './generator/histories.ts';
export type * from './generator/types.ts';
export * from './identifiers/documents.ts';
export * from './identifiers/edrpou.ts';
export * from './identifiers/phones.ts';
export * from './identifiers/tax-id.ts';
export * from './message-texts.ts';
export { givenNameVariants } from './names/given-names.ts';
export * from './names/normalisation.ts';
export { patronymic } from './names/patronymics.ts';
export { genderedSurname } from './names/surnames.ts';
export { transliterate } from './names/transliteration.ts';
export * from './partners.ts';
export * from './print-forms.ts';
export * from './scopes.ts';
export { stableId } from './stable-id.ts';
