/** A person of a made-up town: id, true entity, and values of first name, last name, birth date, settlement, phone, tax number. */
export interface SyntheticPerson {
  id: string;
  entity: string;
  values: string[];
}

const FIRST =
  'Андрій Богдан Василь Віктор Ганна Дарина Дмитро Євген Іван Ігор Ірина Катерина Леся Максим Марія Микола Надія Наталія Оксана Олег Олена Ольга Петро Роман Сергій Софія Тарас Тетяна Юлія Яна'.split(
    ' ',
  );
const STEMS =
  'Бонд Вовч Гонч Дем Жук Зай Ковал Кравч Кост Лис Марч Нест Онищ Павл Ром Сав Ткач Федор Харч Чорн Шевч Шульг Яков Яр'.split(
    ' ',
  );
const ENDINGS = ['енко', 'чук', 'ук', 'ський', 'ів', 'ець', 'а', 'ишин'];
const PLACES = 'Полтава Суми Лубни Ромни Хорол Гадяч Карлівка Миргород Зіньків Решетилівка Кобеляки Пирятин'.split(' ');

/**
 * Families with siblings and some twins; one person in ten is registered a second time with typing errors, a swapped date, a new phone or
 * a married name. The same seed gives the same people.
 */
export function syntheticPeople(count: number, seed: number): SyntheticPerson[] {
  const draw = createDraw(seed);
  const people: string[][] = [];
  while (people.length < count * 0.9) people.push(...family(draw));
  const records = people.map((values, entity) => ({ id: `p${entity}`, entity: String(entity), values }));
  const again = records
    .filter(() => draw.chance(0.11))
    .map(({ id, entity, values }) => ({ id: `${id}x`, entity, values: damaged(values, draw) }));
  return [...records, ...again];
}

interface Draw {
  next(): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  digits(count: number): string;
}

function family(draw: Draw): string[][] {
  const last = draw.pick(STEMS) + draw.pick(['', 'ар', 'ен', 'ик', 'ов', 'ян']) + draw.pick(ENDINGS);
  const place = draw.pick(PLACES);
  const phone = `050${draw.digits(7)}`;
  const taken: string[] = [];
  const member = (from: number, to: number): string[] => {
    const birth = dateBetween(draw, from, to);
    return [
      newName(taken, draw),
      last,
      birth,
      place,
      draw.chance(0.7) ? phone : `067${draw.digits(7)}`,
      taxNumber(birth, draw),
    ];
  };
  const members = [member(1950, 1985), member(1950, 1985)];
  while (draw.chance(0.55)) {
    const child = member(1986, 2012);
    members.push(child);
    if (draw.chance(0.1))
      members.push([newName(taken, draw), last, child[2]!, place, child[4]!, taxNumber(child[2]!, draw)]);
  }
  return members;
}

function damaged(values: readonly string[], draw: Draw): string[] {
  let [first, last, birth, place, phone, tax] = values as [string, string, string, string, string, string];
  if (draw.chance(0.15)) first = mistyped(first, draw);
  if (draw.chance(0.15)) last = mistyped(last, draw);
  if (draw.chance(0.05)) last = draw.pick(STEMS) + draw.pick(ENDINGS);
  if (draw.chance(0.1)) birth = `${birth.slice(0, 4)}-${birth.slice(8)}-${birth.slice(5, 7)}`;
  if (draw.chance(0.15)) place = draw.pick(PLACES);
  if (draw.chance(0.3)) phone = draw.chance(0.5) ? '' : `063${draw.digits(7)}`;
  if (draw.chance(0.2)) tax = '';
  return [first, last, birth, place, phone, tax];
}

/** Parents do not give one name twice. */
function newName(taken: string[], draw: Draw): string {
  const name = draw.pick(FIRST.filter((candidate) => !taken.includes(candidate)));
  taken.push(name);
  return name;
}

function mistyped(text: string, draw: Draw): string {
  const place = 1 + Math.floor(draw.next() * (text.length - 1));
  return draw.chance(0.5)
    ? text.slice(0, place) + text.slice(place + 1)
    : text.slice(0, place) + draw.pick([...'абвдеклмнопрст']) + text.slice(place + 1);
}

function dateBetween(draw: Draw, from: number, to: number): string {
  const day = Math.floor(Date.UTC(from, 0, 1) / 864e5 + draw.next() * (to - from) * 365.25);
  return new Date(day * 864e5).toISOString().slice(0, 10);
}

/** Five digits of the birth date, as Ukrainian tax numbers have, and five of one's own. */
function taxNumber(birth: string, draw: Draw): string {
  if (draw.chance(0.15)) return '';
  return String(Math.round((Date.parse(birth) - Date.UTC(1899, 11, 31)) / 864e5)).padStart(5, '0') + draw.digits(5);
}

function createDraw(seed: number): Draw {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  return {
    next,
    chance: (probability) => next() < probability,
    pick: (items) => items[Math.floor(next() * items.length)]!,
    digits: (count) => Array.from({ length: count }, () => Math.floor(next() * 10)).join(''),
  };
}
