import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

// Data of kinds that nothing was tuned on: no configuration, headers in other languages, ids that no name tells.

const folder = mkdtempSync(join(tmpdir(), 'zdravo-unseen-'));
after(() => rmSync(folder, { recursive: true }));

function figuresOf(name: string, rows: readonly (readonly string[])[]) {
  const path = join(folder, name);
  writeFileSync(path, rows.map((row) => row.map((cell) => `"${cell}"`).join(',')).join('\n'));
  const program = join(import.meta.dirname, '..', 'zdravo-linkage.mjs');
  const args = [program, 'dedupe', '--input', path, '--truth', 'truth', '--json', '--quiet'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as { f1: number; fields: { name: string; type: string }[] };
}

/** The same numbers in every run (mulberry32). */
function chance(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  const oneOf = <Value>(values: readonly Value[]): Value => values[below(values.length)]!;
  const typo = (text: string) => {
    const at = 1 + below(Math.max(1, text.length - 2));
    return next() < 0.5
      ? text.slice(0, at) + text.slice(at + 1)
      : text.slice(0, at) + oneOf([...'aeiost']) + text.slice(at);
  };
  return { next, below, oneOf, typo, whether: (share: number) => next() < share };
}

const words = (text: string) => text.split(' ');

/** Makers, kinds and colours repeat; model and number are often left out of the second offer. */
function products(count: number): string[][] {
  const { below, oneOf, typo, whether } = chance(11);
  const makers = words(
    'Bosch Makita Sony Philips Samsung Canon Nikon Dell Asus Acer Logitech Braun Krups Tefal Siemens Casio',
  );
  const kinds = words(
    'drill saw television monitor camera lens laptop printer mouse keyboard shaver kettle toaster watch',
  );
  const rows: string[][] = [];
  for (let at = 0; at < count; at += 1) {
    const [maker, kind, colour] = [oneOf(makers), oneOf(kinds), oneOf(['black', 'white', 'silver', 'red', 'blue'])];
    const model = `${oneOf([...'ABCDEFGHKLM'])}${oneOf([...'PRSTXZ'])}-${100 + below(9900)}`;
    const [price, number] = [9 + below(150_000) / 100, String(4e12 + below(1e9))];
    rows.push([`${maker} ${kind} ${model} ${colour}`, maker, model, price.toFixed(2), number, `p${at}`]);
    if (!whether(0.33)) continue;
    const order = whether(0.5) ? [maker, model, kind, colour] : [kind, maker, model];
    const title = whether(0.3) ? typo(order.join(' ')) : order.join(' ');
    const other_model = whether(0.6) ? model : whether(0.5) ? model.replace('-', '') : '';
    const other_price = (price * (0.9 + below(200) / 1000)).toFixed(2);
    rows.push([title, whether(0.3) ? '' : maker, other_model, other_price, whether(0.6) ? '' : number, `p${at}`]);
  }
  return numbered(['title', 'manufacturer', 'model number', 'price', 'ean'], rows);
}

/** Names change places, days and months too; people move, marry, and leave out what they do not like to tell. */
function polishPeople(count: number): string[][] {
  const { below, oneOf, typo, whether } = chance(12);
  const given = words(
    'Anna Maria Katarzyna Agnieszka Barbara Ewa Jan Piotr Krzysztof Andrzej Tomasz Marcin Zofia Julia Hanna',
  );
  const parts = words(
    'ko wa now ski le wan dow lew szcz krzy bo ro zie lin mi cha kac ma jek wil nie kra sob cze pod gor sta',
  );
  const family = Array.from(
    { length: 900 },
    () => `${oneOf(parts)}${oneOf(parts)}${oneOf(['ski', 'ak', 'icz', 'czyk'])}`,
  );
  const towns = words('Warszawa Krakow Lodz Wroclaw Poznan Gdansk Szczecin Lublin Katowice Torun');
  const rows: string[][] = [];
  for (let at = 0; at < count; at += 1) {
    const [first, last, town] = [oneOf(given), oneOf(family), oneOf(towns)];
    const [year, month, day] = [1930 + below(90), 1 + below(12), 1 + below(28)];
    const two = (number: number) => String(number).padStart(2, '0');
    const born = `${two(day)}.${two(month)}.${year}`;
    const street = `ul. ${oneOf(family)} ${1 + below(90)}/${1 + below(40)}`;
    const phone = whether(0.8) ? `${500 + below(400)}-${100 + below(900)}-${100 + below(900)}` : '';
    rows.push([first, last, born, street, town, phone, `o${at}`]);
    if (!whether(0.35)) continue;
    const names = [
      whether(0.2) ? typo(first) : first,
      whether(0.06) ? oneOf(family) : whether(0.2) ? typo(last) : last,
    ];
    if (whether(0.1)) names.reverse();
    const other_born = whether(0.1) ? '' : whether(0.1) && day <= 12 ? `${two(month)}.${two(day)}.${year}` : born;
    const [other_street, other_town] = whether(0.25)
      ? [`ul. ${oneOf(family)} ${1 + below(90)}`, oneOf(towns)]
      : [street, town];
    const other_phone = whether(0.3) ? '' : whether(0.3) ? `+48${phone.replaceAll('-', '')}` : phone;
    rows.push([...names, other_born, other_street, other_town, other_phone, `o${at}`]);
  }
  return numbered(['imie', 'nazwisko', 'data urodzenia', 'ulica', 'miasto', 'telefon'], rows);
}

/** Written in Greek or, as in passports, in Latin letters; a number that half of the records lack. */
function greekPeople(count: number): string[][] {
  const { below, typo, whether } = chance(14);
  const given = words(
    'Γεώργιος Κωνσταντίνος Ιωάννης Δημήτριος Νικόλαος Μαρία Ελένη Αικατερίνη Σοφία Αγγελική Ευαγγελία',
  );
  const passport = words(
    'Georgios Konstantinos Ioannis Dimitrios Nikolaos Maria Eleni Aikaterini Sofia Angeliki Evangelia',
  );
  const stems = [
    words('Παπ Γεωργ Δημητρ Νικολ Βασιλ Αντων Μακρ Σταμ Μαυρ Βλαχ Ραπτ Σωτηρ Λαμπρ Παυλ'),
    words('Pap Georg Dimitr Nikol Vasil Anton Makr Stam Mavr Vlach Rapt Sotir Lampr Pavl'),
  ] as const;
  const ends = [
    words('όπουλος ίδης άκης ιάδης άτος έλης ίου άς όγλου'),
    words('opoulos idis akis iadis atos elis iou as oglou'),
  ] as const;
  const towns = [
    words('Αθήνα Θεσσαλονίκη Πάτρα Ηράκλειο Λάρισα Βόλος Χανιά'),
    words('Athina Thessaloniki Patra Irakleio Larisa Volos Chania'),
  ] as const;
  const rows: string[][] = [];
  for (let at = 0; at < count; at += 1) {
    const [first, stem, end, town] = [below(given.length), below(14), below(9), below(7)];
    const written = (alphabet: 0 | 1) =>
      [
        (alphabet === 0 ? given : passport)[first]!,
        `${stems[alphabet][stem]}${ends[alphabet][end]}`,
        towns[alphabet][town]!,
      ] as const;
    const [name, family, place] = written(0);
    const [day, month, year] = [1 + below(28), 1 + below(12), 1930 + below(80)];
    const number = String(1e10 + below(1e9));
    rows.push([name, family, `${day}/${month}/${year}`, place, whether(0.5) ? number : '', `o${at}`]);
    if (!whether(0.35)) continue;
    const [other_name, other_family, other_place] = written(whether(0.4) ? 1 : 0);
    const other_year = whether(0.08) ? year + 1 : year;
    const born = `${day}/${month}/${other_year}`;
    rows.push([
      other_name,
      whether(0.1) ? typo(other_family) : other_family,
      born,
      other_place,
      whether(0.5) ? number : '',
      `o${at}`,
    ]);
  }
  return numbered(['Όνομα', 'Επώνυμο', 'Ημερομηνία γέννησης', 'Πόλη', 'ΑΜΚΑ'], rows);
}

/** Mixed, and counted in a column whose name says nothing. */
function numbered(header: readonly string[], rows: readonly string[][]): string[][] {
  const { next } = chance(13);
  const mixed = rows.map((row) => ({ row, place: next() })).sort((one, other) => one.place - other.place);
  return [['rec', ...header, 'truth'], ...mixed.map(({ row }, at) => [`r${at}`, ...row])];
}

test('offers of products: those of one maker and kind are no one thing', () => {
  const { f1, fields } = figuresOf('products.csv', products(1200));
  assert.ok(!fields.some(({ name }) => name === 'rec'), 'a counter of records is no data');
  assert.ok(f1 >= 0.95, `F1 ${f1}`);
});

test('people of another country under its own headers: names, dates and places are known as such', () => {
  const { f1, fields } = figuresOf('people.csv', polishPeople(1500));
  const types = Object.fromEntries(fields.map(({ name, type }) => [name, type]));
  const { imie, nazwisko, miasto, telefon } = types;
  assert.deepEqual([imie, nazwisko, miasto, telefon], ['given_name', 'surname', 'name', 'phone']);
  assert.ok(f1 >= 0.95, `F1 ${f1}`);
});

test('people in Greek letters or in those of their passports: one alphabet is the other', () => {
  const { f1, fields } = figuresOf('greek.csv', greekPeople(1500));
  assert.deepEqual(fields.map(({ type }) => type).sort(), ['date', 'given_name', 'identifier', 'name', 'surname']);
  assert.ok(f1 >= 0.95, `F1 ${f1}`);
});
