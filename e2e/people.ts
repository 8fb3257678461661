import type { Country, DeclarationPerson } from '@zdravo/country-ua';

/** Adults with a tax number who prove consent by scans of their documents, the first of a country's people. */
export function adultsWithScans(country: Country): DeclarationPerson[] {
  return [...country.persons(0, 900)]
    .map(({ person }) => ({ ...person, authentication_methods: [{ type: 'OFFLINE' as const }] }))
    .filter((person) => person.birth_date < '2000-01-01' && person.tax_id !== undefined);
}
