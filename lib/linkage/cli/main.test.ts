import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { mix32 } from '../records/hashing.ts';
import { syntheticPeople } from '../synthetic-people.ts';

const BIN = fileURLToPath(new URL('../zdravo-linkage.mjs', import.meta.url));
const DATA = fileURLToPath(new URL('../../../../shared/data/linkage/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'linkage-'));

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return { status, stdout, stderr };
}

function file(name: string, text: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Figures that a change may not lower by more than .001, from headers alone, default threshold, no setting for any of the sets. */
const FROZEN = [
  { name: 'febrl_dataset1.csv', truth: 'rec_id', f1: 1 },
  { name: 'febrl_dataset2.csv', truth: 'rec_id', f1: 1 },
  { name: 'febrl_dataset3.csv', truth: 'rec_id', f1: 1 },
  { name: 'splink_fake_1000.csv', truth: 'cluster', f1: 0.9643 },
  { name: 'RLdata500.csv', truth: 'ent_id', f1: 0.9899 },
];

for (const { name, truth, f1 } of FROZEN) {
  const path = join(DATA, name);
  const skip = existsSync(path) ? false : `the data set ${name} is not here`;
  test(`${name} is linked as well as when the figure was frozen`, { skip }, () => {
    const { status, stdout, stderr } = run('dedupe', '--input', path, '--truth', truth, '--json', '--quiet');
    assert.equal(status, 0, stderr);
    const figures = JSON.parse(stdout);
    assert.equal(figures.f1 >= f1 - 0.001, true, `F1 ${figures.f1}, frozen ${f1}`);
    for (const key of ['precision', 'recall', 'f1', 'b3_f1', 'time_s', 'memory_mb'])
      assert.equal(typeof figures[key], 'number', key);
  });
}

test('addresses of e-mail that are made of names do not make one person of namesakes', () => {
  const path = file('contacts.csv', contacts(3000));
  const { status, stdout, stderr } = run('dedupe', '--input', path, '--truth', 'Person', '--json', '--quiet');
  assert.equal(status, 0, stderr);
  const { f1 } = JSON.parse(stdout);
  assert.ok(f1 >= 0.98, `F1 ${f1}`);
});

/** People of 1,200 names, a quarter of them twice; semicolons, a byte order mark, Windows' line ends, addresses of several lines. */
function contacts(people: number): string {
  const given =
    'Anna Ben Carla David Ella Frank Grace Henry Ida Jack Karen Leo Mary Nick Olga Paul Rose Sam Tina Victor'.split(
      ' ',
    );
  const family = Array.from(
    { length: 60 },
    (_, at) => `${'BCDFGHKLMNPRST'[at % 14]}${'aeiou'[at % 5]}${'lnrst'[at % 4]}ton`,
  );
  const draw = (person: number, what: number, below: number) => (mix32(person * 16 + what) >>> 0) % below;
  const lines = ['Name;Date of Birth;E-mail;Mobile;Address;Person'];
  for (let person = 0; person < people; person++) {
    const [first, last] = [given[draw(person, 1, 20)]!, family[draw(person, 2, 60)]!];
    const pad = (number: number) => String(number).padStart(2, '0');
    const [day, month, year] = [pad(1 + draw(person, 3, 28)), pad(1 + draw(person, 4, 12)), 1940 + draw(person, 5, 70)];
    const mail = `${first}.${last}${draw(person, 6, 97)}@example.com`.toLowerCase();
    const phone = String(100_000_000 + draw(person, 7, 899_999_981));
    const address = `"${1 + draw(person, 8, 150)} ""Old"" Road\nTown ${draw(person, 9, 40)}"`;
    lines.push([`${first} ${last}`, `${day}/${month}/${year}`, mail, `07${phone}`, address, person].join(';'));
    if (person % 4 > 0) continue;
    const again = [
      `${first[0]} ${last}`,
      `${day}/${month}/${year}`,
      person % 8 ? mail : '',
      `+447${phone}`,
      address,
      person,
    ];
    lines.push(again.join(';'));
  }
  return `\ufeff${lines.join('\r\n')}\r\n`;
}

test('help goes to standard output, and whoever stops reading stops the program', () => {
  const { status, stdout, stderr } = run('--help');
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /--truth-pattern REGEXP/);
  const people = [
    'id,first_name,last_name',
    ...Array.from({ length: 9_000 }, (_, at) => `${at},Name${at % 97},Family${at}`),
  ];
  const path = file('many.csv', people.join('\n'));
  const piped = spawnSync(
    'sh',
    ['-c', `"$0" "$1" dedupe --input "$2" --quiet | head -1; exit 0`, process.execPath, BIN, path],
    {
      encoding: 'utf8',
    },
  );
  assert.deepEqual([piped.stdout, piped.stderr], ['id,cluster\n', '']);
});

test('bad CSV is refused with line and column, and exit code 1', () => {
  const cases: [string, string | Uint8Array, RegExp][] = [
    ['short.csv', 'id,a,b\n1,x,y\n2,z\n', /short\.csv, line 3, column 3: 2 values where the header has 3/],
    ['long.csv', 'id,a,b\n1,x,y,z\n', /line 2, column 4: 4 values where the header has 3/],
    ['quote.csv', 'id,a,b\n1,"x"y,z\n', /line 2, column 2: something follows the quote that ends a value; [^x]*$/],
    ['within.csv', 'id,a,b\n1,Kov"al,z\n', /line 2, column 2: a quote stands within a value; (?!.*Kov)/],
    ['open.csv', 'id,a,b\n1,"x,y\n2,z,z\n', /open\.csv, line 2, column 2: a quote is opened and not closed/],
    ['late.csv', `id,a,b\n1,x,y\n2,"z,${'z\n'.repeat(3_000_000)}`, /late\.csv, line 3, column 2: a quote is opened/],
    ['twice.csv', 'id,a,a\n1,x,y\n', /line 1, column 3: the name "a" occurs twice/],
    ['empty.csv', '', /empty\.csv is empty/],
    ['blank.csv', '\n\n', /blank\.csv is empty/],
    ['header.csv', 'id,a,b\n', /header\.csv has a header and no records/],
    ['one.csv', 'id,a\n1,x\n', /fewer than two records|no column looks like data/],
    ['bytes.csv', Uint8Array.of(105, 100, 44, 97, 10, 49, 44, 0xff, 10), /not utf-8/],
  ];
  for (const [name, text, expected] of cases) {
    const { status, stderr } = run('dedupe', '--input', file(name, text), '--quiet');
    assert.equal(status, 1, `${name}: ${stderr}`);
    assert.match(stderr, expected);
  }
});

test('files as people have them are read: BOM, CRLF, other separators, quoted line ends, many columns, two equal rows', () => {
  const rows = Array.from({ length: 40 }, (_, at) => [
    String(at),
    `Ann${at % 9}`,
    `Lee${at % 7}`,
    `19${50 + (at % 40)}-01-02`,
  ]);
  const text = (separator: string, end: string) =>
    [['id', 'first_name', 'last_name', 'dob'], ...rows].map((row) => row.join(separator)).join(end) + end;
  const wide = ['id', ...Array.from({ length: 40 }, (_, column) => `c${column}`)].join(',');
  const cells = (row: number) => Array.from({ length: 40 }, (_, column) => `v${(row % 9) + column}`).join(',');
  const files: Record<string, string> = {
    'bom.csv': `\ufeff${text(',', '\r\n')}`,
    'semicolons.csv': text(';', '\n'),
    'tabs.csv': text('\t', '\n'),
    'old-mac.csv': text(',', '\r'),
    'quotes.csv': `"id","first_name","note"\n${rows.map(([id]) => `"${id}","Ann ""A"" ${id}","a\nb, c"`).join('\n')}`,
    'wide.csv': [wide, ...rows.map((_, row) => `${row},${cells(row)}`)].join('\n'),
    'two.csv': '"id","first_name","last_name"\n"1","Ann","Lee"\n"2","Ann","Lee"\n',
    'huge-field.csv': `id,first_name,last_name\n1,${'x'.repeat(1_000_000)},Lee\n2,Bob,Ray\n3,Bob,Ray\n`,
  };
  for (const [name, content] of Object.entries(files)) {
    const { status, stdout, stderr } = run('dedupe', '--input', file(name, content), '--json', '-q');
    assert.equal(status, 0, `${name}: ${stderr}`);
    assert.ok(JSON.parse(stdout).records >= 2, name);
  }
});

test('ids that repeat are told, and a place that cannot be written is named', () => {
  const repeating = file('repeating.csv', 'id,first_name,last_name\n1,Ann,Lee\n1,Bob,Ray\n2,Cem,Oz\n');
  assert.match(run('dedupe', '--input', repeating, '-q').stderr, /the column "id" repeats or has gaps/);
  const { status, stderr } = run('dedupe', '--input', repeating, '-q', '--output', '/nonexistent/x.csv');
  assert.equal(status, 1);
  assert.match(stderr, /\/nonexistent\/x\.csv cannot be written/);
  assert.doesNotMatch(stderr, /at async/);
});

test('a repeated id, an unknown column, type or key is refused by name', () => {
  const input = file('people.csv', 'id,first_name,last_name\n1,Ann,Lee\n1,Anne,Lee\n2,Bob,Ray\n');
  const withConfig = (config: object): string =>
    run('dedupe', '--input', input, '--config', file('c.json', JSON.stringify(config)), '-q').stderr;
  assert.match(withConfig({ id: 'id' }), /line 3, column 1: the id "1" was already used in line 2/);
  assert.match(
    withConfig({ fields: [{ name: 'nope', type: 'name' }] }),
    /no column "nope"; its header is id, first_name, last_name/,
  );
  assert.match(
    withConfig({ fields: [{ name: 'first_name', type: 'colour' }] }),
    /type "colour"; expected one of given_name/,
  );
  assert.match(withConfig({ feilds: [] }), /unknown key "feilds"/);
  assert.match(withConfig({ blocking: [['last_name:tail']] }), /last_name has value, canonical/);
  assert.match(run('dedupe', '--input', input, '--config', file('d.json', '{"id":')).stderr, /d\.json is no JSON/);
});

test('two files are linked by what they have in common, whatever they call it and however they write a date', () => {
  const people = syntheticPeople(900, 31);
  const turned = (date: string, order: string): string => {
    const [year, month, day] = date.split('-');
    return order === 'mdy' ? `${month}/${day}/${year}` : `${day}/${month}/${year}`;
  };
  const one = people.filter(({ id }) => !id.endsWith('x'));
  const other = people.filter(({ id }) => id.endsWith('x'));
  const first = [
    'id,first_name,last_name,birth_date,city,blood_group,entity',
    ...one.map(({ id, entity, values: [given, family, born, city] }) =>
      [id, given, family, turned(born!, 'dmy'), city, 'A', entity].join(','),
    ),
  ];
  const second = [
    'no;phone;surname;forename;town;dob;entity',
    ...other.map(({ id, entity, values: [given, family, born, city, phone] }) =>
      [id, phone, family, given, city, turned(born!, 'mdy'), entity].join(';'),
    ),
  ];
  const paths = [file('first.csv', first.join('\n')), file('second.csv', second.join('\n'))] as const;
  for (const [input, against, told] of [
    [...paths, 'first_name from forename'],
    [paths[1], paths[0], 'forename from first_name'],
  ] as const) {
    const linked = run('link', '--input', input, '--input', against, '--truth', 'entity', '--json', '--quiet');
    assert.equal(linked.status, 0, linked.stderr);
    assert.match(linked.stderr, new RegExp(told));
    const { f1, fields } = JSON.parse(linked.stdout);
    assert.equal(fields.length, 4, 'what one file lacks is not compared');
    assert.ok(f1 > 0.9, `F1 ${f1}`);
  }
  const unlike = file('unlike.csv', 'temperature,entity\n36.6,a\n37.1,b\n');
  const refused = run('link', '--input', paths[0], '--input', unlike, '--truth', 'entity');
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /unlike\.csv has no column that looks like one of/);
});

test('wrong usage prints how to use it and exits with 2', () => {
  for (const args of [[], ['nonsense'], ['link', '--input', 'a.csv'], ['dedupe', '--frobnicate']]) {
    const { status, stderr } = run(...args);
    assert.equal(status, 2);
    assert.match(stderr, /dedupe|input/);
  }
});

test('train writes a model, dedupe and explain use it, link joins two files', () => {
  const people = syntheticPeople(800, 23);
  const header = 'id,first_name,last_name,birth_date,settlement,phone,tax_number,entity';
  const lines = (some: typeof people): string =>
    [header, ...some.map(({ id, entity, values }) => [id, ...values, entity].join(','))].join('\n');
  const all = file('all.csv', lines(people));
  const model = join(folder, 'model.json');
  assert.equal(run('train', '--input', all, '--model', model, '-q').status, 0);
  assert.equal(JSON.parse(readFileSync(model, 'utf8')).training.records, people.length);
  const deduped = run('dedupe', '--input', all, '--model', model, '--truth', 'entity', '--json', '-q');
  assert.equal(JSON.parse(deduped.stdout).f1 > 0.9, true, deduped.stdout + deduped.stderr);
  const twice = people.find(({ id }) => id.endsWith('x'))!;
  const explained = run(
    'explain',
    '--input',
    all,
    '--model',
    model,
    '--pair',
    `${twice.id.slice(0, -1)},${twice.id}`,
    '--json',
    '-q',
  );
  assert.equal(JSON.parse(explained.stdout).pairs[0].fields.length, 6, explained.stderr);
  const [left, right] = [people.filter(({ id }) => !id.endsWith('x')), people.filter(({ id }) => id.endsWith('x'))];
  const [a, b] = [file('a.csv', lines(left)), file('b.csv', lines(right))];
  const linked = run('link', '--input', a, '--input', b, '--truth', 'entity', '--json', '-q');
  assert.equal(JSON.parse(linked.stdout).f1 > 0.9, true, linked.stdout + linked.stderr);
  assert.match(
    run('link', '--input', a, '--input', b, '-q').stdout,
    /^left_id,right_id,probability\np\d+,p\d+x,[01]\.\d{6}/,
  );
});
