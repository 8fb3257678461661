import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileModel, errorsOf, exportDmn, importDmn, type Output, type Row, validateModel } from './index.ts';

// Documents as the common modellers write them (made for this test after what each writes), read, decided, written as DMN 1.5
// and decided again.

/** Camunda Modeler: DMN 1.3, no prefix, no input data, its own attributes and diagram. */
const camunda = `\uFEFF<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" xmlns:camunda="http://camunda.org/schema/1.0/dmn" xmlns:dmndi="https://www.omg.org/spec/DMN/20191111/DMNDI/" xmlns:dc="http://www.omg.org/spec/DMN/20180521/DC/" xmlns:modeler="http://camunda.org/schema/modeler/1.0" id="dish" name="Dish" namespace="http://camunda.org/schema/1.0/dmn" exporter="Camunda Modeler" exporterVersion="5.30.0" modeler:executionPlatform="Camunda Cloud">
  <decision id="dish_decision" name="dish">
    <decisionTable id="table_1" hitPolicy="RULE ORDER">
      <input id="input_1" label="Season" camunda:inputVariable="season"><inputExpression id="e1" typeRef="string"><text>season</text></inputExpression>
        <inputValues id="values_1"><text>"Spring","Summer","Fall","Winter"</text></inputValues></input>
      <input id="input_2" label="How many guests"><inputExpression id="e2" typeRef="integer"><text>guestCount</text></inputExpression></input>
      <output id="output_1" label="Dish" name="desiredDish" typeRef="string"/>
      <rule id="rule_1"><description>for many</description><inputEntry id="c1"><text>not("Fall", "Winter")</text></inputEntry><inputEntry id="c2"><text>&gt; 8</text></inputEntry><outputEntry id="o1"><text>"Stew"</text></outputEntry></rule>
      <rule id="rule_2"><inputEntry id="c3"><text></text></inputEntry><inputEntry id="c4"><text>[1..20]</text></inputEntry><outputEntry id="o2"><text>"Salad"</text></outputEntry></rule>
    </decisionTable>
  </decision>
  <dmndi:DMNDI><dmndi:DMNDiagram id="d"><dmndi:DMNShape id="s" dmnElementRef="dish_decision"><dc:Bounds height="80" width="180" x="160" y="100"/></dmndi:DMNShape></dmndi:DMNDiagram></dmndi:DMNDI>
</definitions>`;

/** Kogito and Drools: DMN 1.2, everything prefixed, types in FEEL's namespace, ids with underscores. */
const kogito = `<?xml version="1.0" encoding="UTF-8" ?>
<dmn:definitions xmlns:dmn="http://www.omg.org/spec/DMN/20180521/MODEL/" xmlns="https://kiegroup.org/dmn/_A4BCA8B8" xmlns:feel="http://www.omg.org/spec/DMN/20180521/FEEL/" xmlns:kie="http://www.drools.org/kie/dmn/1.2" id="_1A" name="Traffic" typeLanguage="http://www.omg.org/spec/DMN/20180521/FEEL/" expressionLanguage="http://www.omg.org/spec/DMN/20180521/FEEL/" namespace="https://kiegroup.org/dmn/_A4BCA8B8">
  <dmn:extensionElements/>
  <dmn:itemDefinition name="tSpeed" isCollection="false"><dmn:typeRef>feel:number</dmn:typeRef><dmn:allowedValues kie:constraintType="range" id="_V"><dmn:text>[0..400]</dmn:text></dmn:allowedValues></dmn:itemDefinition>
  <dmn:inputData id="_S" name="Actual Speed"><dmn:extensionElements/><dmn:variable id="_SV" name="Actual Speed" typeRef="tSpeed"/></dmn:inputData>
  <dmn:decision id="_F" name="Points">
    <dmn:extensionElements/>
    <dmn:variable id="_FV" name="Points" typeRef="feel:number"/>
    <dmn:informationRequirement id="_R"><dmn:requiredInput href="#_S"/></dmn:informationRequirement>
    <dmn:decisionTable id="_T" hitPolicy="COLLECT" aggregation="SUM" preferredOrientation="Rule-as-Row">
      <dmn:input id="_I"><dmn:inputExpression id="_IE" typeRef="tSpeed"><dmn:text>Actual Speed</dmn:text></dmn:inputExpression></dmn:input>
      <dmn:output id="_O"><dmn:defaultOutputEntry><dmn:text>0</dmn:text></dmn:defaultOutputEntry></dmn:output>
      <dmn:annotation name="annotation-1"/>
      <dmn:rule id="_R1"><dmn:inputEntry id="_C1"><dmn:text>&gt; 60</dmn:text></dmn:inputEntry><dmn:outputEntry id="_E1"><dmn:text>0.5</dmn:text></dmn:outputEntry><dmn:annotationEntry><dmn:text>fast</dmn:text></dmn:annotationEntry></dmn:rule>
      <dmn:rule id="_R2"><dmn:inputEntry id="_C2"><dmn:text>]100..400]</dmn:text></dmn:inputEntry><dmn:outputEntry id="_E2"><dmn:text>2.25</dmn:text></dmn:outputEntry><dmn:annotationEntry><dmn:text/></dmn:annotationEntry></dmn:rule>
    </dmn:decisionTable>
  </dmn:decision>
</dmn:definitions>`;

/** Trisotech: another prefix, DMN 1.4, names with spaces, one decision over another, priorities. */
const trisotech = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<semantic:definitions xmlns:semantic="https://www.omg.org/spec/DMN/20211108/MODEL/" xmlns:tc="http://www.omg.org/spec/DMN/20160719/testcase" xmlns:triso="http://www.trisotech.com/2015/triso/modeling" xmlns:feel="https://www.omg.org/spec/DMN/20211108/FEEL/" id="_d" name="Loan" namespace="http://www.trisotech.com/definitions/_d" exporter="DMN Modeler" triso:logoChoice="Default">
  <semantic:inputData id="i1" name="Monthly Income"><semantic:variable id="i1v" name="Monthly Income" typeRef="feel:number"/></semantic:inputData>
  <semantic:inputData id="i2" name="Born"><semantic:variable id="i2v" name="Born" typeRef="feel:date"/></semantic:inputData>
  <semantic:decision id="d1" name="Risk Class">
    <semantic:variable id="d1v" name="Risk Class" typeRef="feel:string"/>
    <semantic:informationRequirement><semantic:requiredInput href="#i1"/></semantic:informationRequirement>
    <semantic:decisionTable hitPolicy="PRIORITY" outputLabel="Risk Class">
      <semantic:input><semantic:inputExpression typeRef="feel:number"><semantic:text>Monthly Income</semantic:text></semantic:inputExpression></semantic:input>
      <semantic:output><semantic:outputValues><semantic:text>"high", "medium", "low"</semantic:text></semantic:outputValues></semantic:output>
      <semantic:rule><semantic:inputEntry><semantic:text>-</semantic:text></semantic:inputEntry><semantic:outputEntry><semantic:text>"low"</semantic:text></semantic:outputEntry></semantic:rule>
      <semantic:rule><semantic:inputEntry><semantic:text>&lt; 1500.50</semantic:text></semantic:inputEntry><semantic:outputEntry><semantic:text>"high"</semantic:text></semantic:outputEntry></semantic:rule>
    </semantic:decisionTable>
  </semantic:decision>
  <semantic:decision id="d2" name="Offer">
    <semantic:variable id="d2v" name="Offer" typeRef="feel:boolean"/>
    <semantic:informationRequirement><semantic:requiredDecision href="#d1"/></semantic:informationRequirement>
    <semantic:informationRequirement><semantic:requiredInput href="#i2"/></semantic:informationRequirement>
    <semantic:decisionTable hitPolicy="FIRST">
      <semantic:input><semantic:inputExpression typeRef="feel:string"><semantic:text>Risk Class</semantic:text></semantic:inputExpression></semantic:input>
      <semantic:input><semantic:inputExpression typeRef="feel:date"><semantic:text>Born</semantic:text></semantic:inputExpression></semantic:input>
      <semantic:output/>
      <semantic:rule><semantic:inputEntry><semantic:text>"low","medium"</semantic:text></semantic:inputEntry><semantic:inputEntry><semantic:text>&lt;= date("2008-11-01")</semantic:text></semantic:inputEntry><semantic:outputEntry><semantic:text>true</semantic:text></semantic:outputEntry></semantic:rule>
      <semantic:rule><semantic:inputEntry><semantic:text>-</semantic:text></semantic:inputEntry><semantic:inputEntry><semantic:text>-</semantic:text></semantic:inputEntry><semantic:outputEntry><semantic:text>false</semantic:text></semantic:outputEntry></semantic:rule>
    </semantic:decisionTable>
  </semantic:decision>
</semantic:definitions>`;

const cases: [xml: string, decision: string, row: Row, output: Output][] = [
  [camunda, 'dish_decision', { season: 'Summer', guestCount: 9 }, ['Stew', 'Salad']],
  [camunda, 'dish_decision', { season: 'Winter', guestCount: 9 }, ['Salad']],
  [kogito, '_F', { 'Actual Speed': 60 }, '0'],
  [kogito, '_F', { 'Actual Speed': 100 }, '0.5'],
  [kogito, '_F', { 'Actual Speed': 100.1 }, '2.75'],
  [trisotech, 'd1', { 'Monthly Income': 1500 }, 'high'],
  [trisotech, 'd2', { 'Monthly Income': 1500.5, Born: '2008-11-01' }, true],
  [trisotech, 'd2', { 'Monthly Income': 1500.5, Born: '2008-11-02' }, false],
];

test('documents of other modellers are read and decided; written as DMN 1.5 they say the same', () => {
  for (const [xml, decision, row, output] of cases) {
    const { model, places } = importDmn(xml);
    assert.deepEqual(errorsOf(validateModel(model, places)), []);
    for (const one of [model, importDmn(exportDmn(model)).model])
      assert.deepEqual(compileModel(one).decide(decision, row).output, output, JSON.stringify(row));
  }
});

test('cells in another language than FEEL are refused where they are declared, not read as FEEL', () => {
  const places: [xml: string, line: number][] = [
    [camunda.replace('<inputEntry id="c2">', '<inputEntry id="c2" expressionLanguage="juel">'), 9],
    [camunda.replace('<outputEntry id="o2">', '<outputEntry id="o2" expressionLanguage="javascript">'), 10],
    [camunda.replace('<inputExpression id="e1"', '<inputExpression id="e1" expressionLanguage="groovy"'), 5],
    [camunda.replace('id="dish" name', 'expressionLanguage="http://www.java.com/java" id="dish" name'), 2],
  ];
  for (const [xml, line] of places)
    assert.throws(
      () => importDmn(xml),
      (error: { code: string; place: { line: number }; message: string }) => {
        assert.deepEqual([error.code, error.place.line], ['DMN_UNSUPPORTED', line], error.message);
        return true;
      },
    );
  const feel = camunda.replace('<inputEntry id="c2">', '<inputEntry id="c2" expressionLanguage="feel">');
  assert.equal(importDmn(feel).model.tables.length, 1);
});

const policies: [attributes: string, output: Output][] = [
  ['hitPolicy="ANY"', null],
  ['hitPolicy="FIRST"', '5'],
  ['hitPolicy="PRIORITY"', '9'],
  ['hitPolicy="RULE ORDER"', ['5', '9', '7']],
  ['hitPolicy="OUTPUT ORDER"', ['9', '7', '5']],
  ['hitPolicy="COLLECT"', ['5', '9', '7']],
  ['hitPolicy="COLLECT" aggregation="SUM"', '21'],
  ['hitPolicy="COLLECT" aggregation="MIN"', '5'],
  ['hitPolicy="COLLECT" aggregation="MAX"', '9'],
  ['hitPolicy="COLLECT" aggregation="COUNT"', '3'],
];

test('every hit policy and aggregation of a document decides as DMN 1.5 §8.2.11 says, before and after export', () => {
  const rule = (output: number) =>
    `<rule><inputEntry><text>&gt; 0</text></inputEntry><outputEntry><text>${output}</text></outputEntry></rule>`;
  const documentOf = (
    attributes: string,
  ) => `<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="d" name="d" namespace="urn:d">
    <inputData id="n" name="n"><variable name="n" typeRef="number"/></inputData>
    <decision id="t" name="t"><informationRequirement><requiredInput href="#n"/></informationRequirement><decisionTable ${attributes}>
      <input><inputExpression typeRef="number"><text>n</text></inputExpression></input>
      <output typeRef="number"><outputValues><text>9, 7, 5</text></outputValues></output>${[5, 9, 7].map(rule).join('')}
    </decisionTable></decision></definitions>`;
  for (const [attributes, output] of policies) {
    const { model } = importDmn(documentOf(attributes));
    for (const one of [model, importDmn(exportDmn(model)).model]) {
      const decided = () => compileModel(one).decide('t', { n: 1 });
      if (output === null) assert.throws(decided, { code: 'RULES_CONFLICT' }, attributes);
      else assert.deepEqual(decided().output, output, attributes);
    }
  }
  for (const attributes of ['', 'hitPolicy="UNIQUE"'])
    assert.throws(() => compileModel(importDmn(documentOf(attributes)).model).decide('t', { n: 1 }), {
      code: 'RULES_CONFLICT',
    });
});
