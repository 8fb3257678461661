import type { Gender } from '../identifiers/tax-id.ts';

/** Names whose patronymic does not follow from their ending. */
const exceptions: Record<string, [string, string]> = {
  Микола: ['Миколайович', 'Миколаївна'],
  Ілля: ['Ілліч', 'Іллівна'],
  Лука: ['Лукич', 'Луківна'],
  Сава: ['Савич', 'Савівна'],
  Кузьма: ['Кузьмич', 'Кузьмівна'],
  Хома: ['Хомич', 'Хомівна'],
  Яків: ['Якович', 'Яківна'],
  Лев: ['Львович', 'Львівна'],
  Григорій: ['Григорович', 'Григорівна'],
  Антін: ['Антонович', 'Антонівна'],
  Федір: ['Федорович', 'Федорівна'],
  Прокіп: ['Прокопович', 'Прокопівна'],
  Сидір: ['Сидорович', 'Сидорівна'],
};

/** The patronymic of a child of that father (Ukrainian orthography of 2019, § 32, 35): Андрій → Андрійович, Андріївна. */
export function patronymic(father_first_name: string, gender: Gender): string {
  if (Object.hasOwn(exceptions, father_first_name)) return exceptions[father_first_name]![gender === 'MALE' ? 0 : 1];
  const [stem, male, female] = regular(father_first_name);
  return stem + (gender === 'MALE' ? male : female);
}

function regular(name: string): [stem: string, male: string, female: string] {
  const stem = name.slice(0, -1);
  if (name.endsWith('й')) return [stem, 'йович', 'ївна'];
  if (name.endsWith('ь')) return [stem, 'ьович', 'івна'];
  if (/[оа]$/.test(name)) return [stem, 'ович', 'івна'];
  return [name, 'ович', 'івна'];
}
