import { readFileSync } from 'node:fs';

export type PrintForm = { name: string; version: number; template: string };

/**
 * The form of the declaration in force: a Liquid template of an HTML page, to be rendered with the `data` of the declaration
 * request. All values are escaped in it, so that no engine setting is needed for safety.
 */
export const declaration_print_form: PrintForm = {
  name: 'declaration',
  version: 1,
  template: readFileSync(new URL('./print-forms/declaration.v1.liquid', import.meta.url), 'utf8'),
};

/** The texts of the confirmation sheet that the patient gets once the declaration is signed. `{…}` is to be filled in. */
export const confirmation_sheet = {
  version: 1,
  title: 'Підтвердження реєстрації декларації',
  registered: 'Декларацію про вибір лікаря зареєстровано в електронній системі охорони здоров’я.',
  declaration_id: 'Номер декларації: {declaration_id}',
  signed_at: 'Підписано лікарем: {signed_at}',
  valid: 'Чинна з {start_date} до {end_date}',
  patient: 'Пацієнт: {patient}',
  doctor: 'Лікар: {doctor}',
  provider: 'Заклад: {legal_entity}, код ЄДРПОУ {edrpou}',
  division: 'Місце надання допомоги: {division}',
  pending: 'Декларація набуде чинності після перевірки доданих документів.',
  ended: 'Увага: ця декларація вже не діє.',
  check:
    'Перевірити, що декларацію внесено до журналу й не змінено, можна за кодом нижче без довіри до закладу чи системи.',
  checkpoint: 'Печатка журналу: {checkpoint}',
  rights:
    'Ви можете будь-коли обрати іншого лікаря. Якщо ви не підписували цієї декларації, зверніться до Національної служби здоров’я України.',
  printed_at: 'Роздруковано: {printed_at}',
} as const;

/**
 * A text of the sheet with its places filled in.
 * @throws RangeError when a place has no value.
 */
export function fillIn(text: string, values: Record<string, string>): string {
  return text.replace(/\{([a-z_]+)\}/g, (_, place: string) => {
    const value = Object.hasOwn(values, place) ? values[place] : undefined;
    if (value === undefined) throw new RangeError(`a value for {${place}} expected, found none`);
    return value;
  });
}
