import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  compileModel,
  DecisionError,
  type DecisionModel,
  exportDmn,
  importDmn,
  type ValueType,
  validateModel,
} from './index.ts';
import { smallModel } from './testing/small-models.ts';

const document = `<?xml version="1.0" encoding="UTF-8"?>
<dmn:definitions xmlns:dmn="https://www.omg.org/spec/DMN/20230324/MODEL/" xmlns:dmndi="https://www.omg.org/spec/DMN/20230324/DMNDI/"
    xmlns:tool="urn:some:modeller" id="defs" name="Scores" namespace="https://zdravo.example/scores" tool:version="7 > 6">
  <dmn:extensionElements><tool:secret><dmn:decision id="not_mine"/></tool:secret></dmn:extensionElements>
  <dmn:itemDefinition name="tAge"><dmn:typeRef>number</dmn:typeRef>
    <dmn:allowedValues><dmn:text>[0..150]</dmn:text></dmn:allowedValues></dmn:itemDefinition>
  <dmn:inputData id="in_age" name="person age"><dmn:variable name="person age" typeRef="tAge"/></dmn:inputData>
  <dmn:decision id="d" name="Score">
    <dmn:variable name="Score" typeRef="number"/>
    <dmn:informationRequirement><dmn:requiredInput href="#in_age"/></dmn:informationRequirement>
    <dmn:decisionTable hitPolicy="COLLECT" aggregation="SUM" tool:colour="blue">
      <dmn:input label="Age &amp; more"><dmn:inputExpression typeRef="tAge"><dmn:text>person age</dmn:text></dmn:inputExpression></dmn:input>
      <dmn:output><dmn:defaultOutputEntry><dmn:text>0</dmn:text></dmn:defaultOutputEntry></dmn:output>
      <dmn:rule id="r1"><dmn:inputEntry><dmn:text><![CDATA[< 18]]></dmn:text></dmn:inputEntry>
        <dmn:outputEntry><dmn:text>1.5</dmn:text></dmn:outputEntry></dmn:rule>
      <dmn:rule><dmn:inputEntry><dmn:text>&gt;= 10</dmn:text></dmn:inputEntry>
        <dmn:outputEntry><dmn:text>2</dmn:text></dmn:outputEntry>
        <dmn:annotationEntry><dmn:text>teens too</dmn:text></dmn:annotationEntry></dmn:rule>
    </dmn:decisionTable>
  </dmn:decision>
  <dmndi:DMNDI><dmndi:DMNDiagram/></dmndi:DMNDI>
</dmn:definitions>`;

test('a document of another modeller is read: prefixes, foreign parts, item definitions, CDATA', () => {
  const { model } = importDmn(document);
  const compiled = compileModel(model);
  assert.equal(model.tables.length, 1);
  assert.equal(model.tables[0]!.inputs[0]!.label, 'Age & more');
  assert.equal(model.tables[0]!.rules[1]!.annotation, 'teens too');
  assert.equal(compiled.decide('d', { 'person age': 12 }).output, '3.5');
  assert.equal(compiled.decide('d', { 'person age': 5 }).output, '1.5');
  assert.throws(() => compiled.decide('d', { 'person age': 151 }), { code: 'INPUT_NOT_ALLOWED' });
});

test('documents of DMN 1.1 to 1.4 are read, and tables without input data too', () => {
  for (const uri of [
    'https://www.omg.org/spec/DMN/20211108/MODEL/',
    'https://www.omg.org/spec/DMN/20191111/MODEL/',
    'http://www.omg.org/spec/DMN/20180521/MODEL/',
  ]) {
    assert.equal(
      importDmn(document.replace('https://www.omg.org/spec/DMN/20230324/MODEL/', uri)).model.tables.length,
      1,
    );
  }
  const without_data = document
    .replace(/<dmn:inputData.*inputData>/, '')
    .replace(/<dmn:informationRequirement.*Requirement>/, '')
    .replaceAll('person age', 'age');
  assert.equal(compileModel(importDmn(without_data).model).decide('d', { age: 12 }).output, '3.5');
});

test('a finding names the line and column of its cell', () => {
  const broken = document.replace('&gt;= 10', '&gt;= "ten"');
  const { model, places } = importDmn(broken);
  const [finding] = validateModel(model, places);
  const line = broken.split('\n').findIndex((text) => text.includes('"ten"')) + 1;
  const column = broken.split('\n')[line - 1]!.indexOf('<dmn:text>') + 1;
  assert.equal(finding!.code, 'FEEL_TYPE');
  assert.deepEqual(finding!.place, { table: 'd', rule: 2, cell: 'person age', offset: 0, line, column });
});

test('malformed documents are refused with code, line and column', () => {
  const cases: [string, string, string | RegExp][] = [
    ['an unclosed element', 'DMN_SYNTAX', document.replace('</dmn:rule>', '')],
    ['an undeclared prefix', 'DMN_SYNTAX', document.replace('xmlns:tool="urn:some:modeller"', '')],
    [
      'a DTD',
      'DMN_DOCTYPE',
      document.replace('<dmn:definitions', '<!DOCTYPE dmn:definitions [<!ENTITY a "b">]>\n<dmn:definitions'),
    ],
    [
      'an external DTD',
      'DMN_DOCTYPE',
      document.replace('<dmn:definitions', '<!DOCTYPE x SYSTEM "file:///etc/passwd">\n<dmn:definitions'),
    ],
    ['an entity', 'DMN_SYNTAX', document.replace('&amp;', '&laugh;')],
    ['another vocabulary', 'DMN_STRUCTURE', '<definitions xmlns="urn:bpmn"/>'],
    ['an unknown hit policy', 'DMN_STRUCTURE', document.replace('"COLLECT"', '"LUCKY"')],
    ['a hit policy named like a member of objects', 'DMN_STRUCTURE', document.replace('"COLLECT"', '"constructor"')],
    ['a dangling reference', 'DMN_REFERENCE', document.replace('#in_age', '#in_aeg')],
    ['a foreign reference', 'DMN_REFERENCE', document.replace('#in_age', 'https://elsewhere.example/x.dmn#in_age')],
    [
      'a rule with too many cells',
      'TABLE_SHAPE',
      document.replace('</dmn:rule>', '<dmn:outputEntry><dmn:text>1</dmn:text></dmn:outputEntry></dmn:rule>'),
    ],
    ['an unknown type', 'DMN_UNSUPPORTED', document.replaceAll('typeRef="tAge"', 'typeRef="tAeg"')],
    ['a type defined by itself', 'DMN_REFERENCE', document.replace('<dmn:typeRef>number<', '<dmn:typeRef>tAge<')],
    [
      'a boxed expression',
      'DMN_UNSUPPORTED',
      document.replace(/<dmn:decisionTable[\s\S]*decisionTable>/, '<dmn:literalExpression/>'),
    ],
    [
      'an import',
      'DMN_UNSUPPORTED',
      document.replace('<dmn:inputData', '<dmn:import namespace="x" importType="y"/><dmn:inputData'),
    ],
  ];
  for (const [why, code, xml] of cases) {
    assert.throws(
      () => importDmn(xml as string),
      (error: unknown) => {
        assert.ok(error instanceof DecisionError, `${why}: ${String(error)}`);
        assert.equal(error.code, code, `${why}: ${error.message}`);
        assert.ok(error.place.line! >= 1 && error.place.column! >= 1, why);
        return true;
      },
    );
  }
  assert.throws(() => importDmn(`${'<a>'.repeat(100)}`), DecisionError);
  assert.throws(() => importDmn(' '.repeat(6_000_000)), { code: 'DMN_TOO_LARGE' });
});

const word = fc.string({ unit: fc.constantFrom(...'abж<>&"\'\n\t]-x '), minLength: 1, maxLength: 8 });
const type = fc.constantFrom<ValueType>('string', 'number', 'integer', 'boolean', 'date', 'dateTime');

const models: fc.Arbitrary<DecisionModel> = fc
  .tuple(
    fc.uniqueArray(
      word.map((name) => `n${name.trim()}`),
      { minLength: 1, maxLength: 3 },
    ),
    fc.array(type, { minLength: 3, maxLength: 3 }),
    fc.array(fc.tuple(word, word, word, word, fc.option(word, { nil: undefined })), { maxLength: 4 }),
    fc.constantFrom(...(['U', 'A', 'P', 'F', 'R', 'O', 'C'] as const)),
    fc.option(fc.constantFrom(...(['+', '<', '>', '#'] as const)), { nil: undefined }),
    fc.option(word, { nil: undefined }),
  )
  .map(([names, types, rules, hit_policy, aggregation, note]) => {
    const inputs = Object.fromEntries(names.map((name, i) => [name, types[i]!]));
    const model = smallModel(
      inputs,
      rules.map((cells) => [...cells.slice(0, names.length), cells[3]].map((cell) => cell!.trim())),
      { hit_policy },
    );
    const [table] = model.tables;
    if (aggregation) table!.aggregation = aggregation;
    for (const [i, rule] of table!.rules.entries()) if (rules[i]![4]?.trim()) rule.annotation = rules[i]![4]!.trim();
    if (note?.trim())
      Object.assign(table!.outputs[0]!, {
        label: note,
        default: note.trim(),
        allowed_values: note.trim() === '-' ? '1' : note.trim(),
      });
    return model;
  });

test('export and import give the same model back, and the same bytes again', () => {
  fc.assert(
    fc.property(models, (model) => {
      const xml = exportDmn(model);
      const again = importDmn(xml).model;
      assert.deepEqual(again, model);
      assert.equal(exportDmn(again), xml);
    }),
    { numRuns: 300 },
  );
});

test('ids that clash or are no XML names are mended, control characters refused', () => {
  const model = smallModel(
    { n: 'number' },
    [
      ['-', '"x"'],
      ['-', '"y"'],
    ],
    { hit_policy: 'F' },
  );
  for (const rule of model.tables[0]!.rules) rule.id = '1 no id';
  const again = importDmn(exportDmn(model)).model;
  assert.deepEqual(
    again.tables[0]!.rules.map((rule) => rule.id),
    ['_1_no_id', '_1_no_id_2'],
  );
  assert.throws(() => exportDmn(smallModel({ n: 'number' }, [['-', '"\u0000"']])), { code: 'DMN_STRUCTURE' });
  assert.throws(() => exportDmn({ ...model, data: [...model.data, model.data[0]!] }), { code: 'DMN_STRUCTURE' });
});

test('any damage to a document is refused with a code or reads as a model, never anything else', () => {
  const damage = fc.record({
    at: fc.nat({ max: document.length - 1 }),
    length: fc.nat({ max: 40 }),
    insert: fc.oneof(
      fc.string({ maxLength: 6 }),
      fc.constantFrom(
        '<',
        '>',
        '&',
        '"',
        '<![CDATA[',
        ']]>',
        '<!--',
        '<?x',
        '<!DOCTYPE a>',
        '&#0;',
        '&#x110000;',
        '\u0000',
        '</dmn:rule>',
      ),
    ),
  });
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (damages) => {
      const xml = damages.reduce(
        (text, { at, length, insert }) => text.slice(0, at) + insert + text.slice(at + length),
        document,
      );
      try {
        const { model, places } = importDmn(xml);
        validateModel(model, places);
      } catch (error) {
        if (!(error instanceof DecisionError)) throw error;
      }
    }),
    { numRuns: 1_500 },
  );
});
