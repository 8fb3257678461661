import { type DmnElement, readElements } from './dmn-elements.ts';
import { type NamedType, TypeBook } from './dmn-types.ts';
import { DecisionError, type Place } from './errors.ts';
import type {
  Aggregation,
  DecisionModel,
  DecisionTable,
  HitPolicy,
  InputData,
  Rule,
  TableInput,
  TableOutput,
} from './model.ts';
import { type Places, placeKey } from './places.ts';

/** A model with the lines its cells came from, so that findings can name them. */
export interface ImportedModel {
  model: DecisionModel;
  places: Places;
}

/**
 * Reads DMN 1.1 to 1.5. Diagrams, annotations and foreign elements are left out; what would change a verdict and is
 * not evaluated here (boxed expressions other than tables, imports, business knowledge models) is refused.
 * Cells are not parsed yet: `validateModel` or `compileModel` do.
 * Errors: DMN_…, TABLE_SHAPE, with line and column.
 */
export function importDmn(xml: string): ImportedModel {
  const definitions = readElements(xml);
  const refused = definitions.children.find((child) => MEANINGFUL_AND_UNSUPPORTED.has(child.name));
  if (refused)
    throw new DecisionError('DMN_UNSUPPORTED', `<${refused.name}> is not evaluated by this engine`, at(refused));
  refuseOtherLanguages(definitions);
  const types = new TypeBook(definitions);
  const places: Places = new Map();
  const data = all(definitions, 'inputData').map((element) => inputData(element, types));
  const decisions = all(definitions, 'decision');
  const ids = new Set([...data.map((item) => item.id), ...decisions.map((element) => required(element, 'id'))]);
  const tables = decisions.map((element) => decision(element, { types, places, ids }));
  const model: DecisionModel = {
    id: definitions.attributes.get('id') ?? 'definitions',
    name: definitions.attributes.get('name') ?? 'definitions',
    namespace: definitions.attributes.get('namespace') ?? '',
    data,
    tables,
  };
  return { model: data.length === 0 ? withDerivedData(model) : model, places };
}

const MEANINGFUL_AND_UNSUPPORTED = new Set(['import', 'businessKnowledgeModel', 'decisionService']);

/** FEEL by one of its names: the URI of any version, or what modellers write for it. */
const FEEL_LANGUAGE = /^(feel|https?:\/\/www\.omg\.org\/spec\/(DMN|FEEL)\/.*)$/i;

/** A cell in another language would be read as FEEL and decide something else. */
function refuseOtherLanguages(element: DmnElement): void {
  const language = element.attributes.get('expressionLanguage');
  if (language && !FEEL_LANGUAGE.test(language.trim()))
    throw new DecisionError(
      'DMN_UNSUPPORTED',
      `<${element.name}> is in ${JSON.stringify(language)}; only FEEL is evaluated`,
      at(element),
    );
  element.children.forEach(refuseOtherLanguages);
}

interface Reading {
  types: TypeBook;
  places: Places;
  ids: ReadonlySet<string>;
}

function inputData(element: DmnElement, types: TypeBook): InputData {
  const variable = one(element, 'variable');
  const name = variable?.attributes.get('name') ?? required(element, 'name');
  const type_ref = variable?.attributes.get('typeRef');
  if (!type_ref)
    throw new DecisionError('DMN_STRUCTURE', `the input ${name} has no type (variable/@typeRef)`, at(element));
  return { id: required(element, 'id'), name, type: types.resolve(type_ref, at(variable!)).type };
}

function decision(element: DmnElement, reading: Reading): DecisionTable {
  const id = required(element, 'id');
  const name = one(element, 'variable')?.attributes.get('name') ?? required(element, 'name');
  const table = one(element, 'decisionTable');
  if (!table) {
    throw new DecisionError('DMN_UNSUPPORTED', `the decision ${name} is no decision table`, {
      table: id,
      ...at(element),
    });
  }
  const place = { table: id };
  reading.places.set(placeKey(place), at(element));
  const inputs = all(table, 'input').map((input, i) => tableInput(input, i, reading, place));
  const outputs = all(table, 'output').map((output, i) =>
    tableOutput(output, { i, name, decision: element }, reading, place),
  );
  const rules = all(table, 'rule').map((rule, i) => tableRule(rule, i, { inputs, outputs, reading, place }));
  const { hit_policy, aggregation } = hitPolicy(table);
  const requires = all(element, 'informationRequirement').map((requirement) => requiredId(requirement, reading.ids));
  return { id, name, hit_policy, ...(aggregation ? { aggregation } : {}), inputs, outputs, rules, requires };
}

function tableInput(element: DmnElement, i: number, { types, places }: Reading, place: Place): TableInput {
  const source = one(element, 'inputExpression');
  const text = source && one(source, 'text')?.text.trim();
  if (!text) throw new DecisionError('DMN_STRUCTURE', `input ${i + 1} has no expression`, { ...place, ...at(element) });
  const type_ref = source.attributes.get('typeRef');
  if (!type_ref) {
    throw new DecisionError('DMN_STRUCTURE', `the input ${text} has no type (inputExpression/@typeRef)`, {
      ...place,
      ...at(source),
    });
  }
  const named = types.resolve(type_ref, { ...place, ...at(source) });
  places.set(placeKey({ ...place, cell: text }), at(element));
  const label = element.attributes.get('label');
  return {
    id: element.attributes.get('id') ?? `${place.table}_input_${i + 1}`,
    ...(label ? { label } : {}),
    expression: text,
    type: named.type,
    ...allowedValues(one(element, 'inputValues'), named),
  };
}

function tableOutput(
  element: DmnElement,
  { i, name: table_name, decision: parent }: { i: number; name: string; decision: DmnElement },
  { types, places }: Reading,
  place: Place,
): TableOutput {
  const name = element.attributes.get('name') ?? table_name;
  const type_ref = element.attributes.get('typeRef') ?? one(parent, 'variable')?.attributes.get('typeRef');
  if (!type_ref)
    throw new DecisionError('DMN_STRUCTURE', `the output ${name} has no typeRef`, { ...place, ...at(element) });
  const named = types.resolve(type_ref, { ...place, ...at(element) });
  places.set(placeKey({ ...place, cell: name }), at(element));
  const label = element.attributes.get('label');
  const value = one(element, 'defaultOutputEntry');
  const default_text = value && one(value, 'text')?.text.trim();
  return {
    id: element.attributes.get('id') ?? `${place.table}_output_${i + 1}`,
    name,
    ...(label ? { label } : {}),
    type: named.type,
    ...allowedValues(one(element, 'outputValues'), named),
    ...(default_text ? { default: default_text } : {}),
  };
}

function allowedValues(element: DmnElement | undefined, named: NamedType): { allowed_values?: string } {
  const text = (element && one(element, 'text')?.text.trim()) || named.allowed_values;
  return text && text !== '-' ? { allowed_values: text } : {};
}

function tableRule(
  element: DmnElement,
  i: number,
  table: { inputs: TableInput[]; outputs: TableOutput[]; reading: Reading; place: Place },
): Rule {
  const place = { ...table.place, rule: i + 1 };
  const { places } = table.reading;
  places.set(placeKey(place), at(element));
  const entries = (kind: string, names: string[]) =>
    all(element, kind).map((entry, column) => {
      const text = one(entry, 'text') ?? entry;
      const cell = names[column];
      if (cell !== undefined) places.set(placeKey({ ...place, cell }), at(text));
      return text === entry ? '' : text.text.trim();
    });
  const inputs = entries(
    'inputEntry',
    table.inputs.map((input) => input.expression),
  );
  const outputs = entries(
    'outputEntry',
    table.outputs.map((output) => output.name),
  );
  if (inputs.length !== table.inputs.length || outputs.length !== table.outputs.length) {
    const expected = `${table.inputs.length} input and ${table.outputs.length} output entries`;
    const found = `${inputs.length} and ${outputs.length}`;
    throw new DecisionError('TABLE_SHAPE', `expected ${expected}, found ${found}`, { ...place, ...at(element) });
  }
  const note = one(element, 'annotationEntry');
  const annotation = (note ? one(note, 'text')?.text : one(element, 'description')?.text)?.trim();
  const id = element.attributes.get('id') ?? `${table.place.table}_rule_${i + 1}`;
  return { id, inputs, outputs, ...(annotation ? { annotation } : {}) };
}

const HIT_POLICIES: Record<string, HitPolicy> = {
  UNIQUE: 'U',
  ANY: 'A',
  PRIORITY: 'P',
  FIRST: 'F',
  'RULE ORDER': 'R',
  'OUTPUT ORDER': 'O',
  COLLECT: 'C',
};
const AGGREGATIONS: Record<string, Aggregation> = { SUM: '+', MIN: '<', MAX: '>', COUNT: '#' };

function hitPolicy(table: DmnElement): { hit_policy: HitPolicy; aggregation?: Aggregation } {
  const policy = table.attributes.get('hitPolicy') ?? 'UNIQUE';
  const aggregation = table.attributes.get('aggregation');
  const hit_policy = Object.hasOwn(HIT_POLICIES, policy) ? HIT_POLICIES[policy] : undefined;
  if (!hit_policy) throw new DecisionError('DMN_STRUCTURE', `${JSON.stringify(policy)} is no hit policy`, at(table));
  if (aggregation === undefined) return { hit_policy };
  const known = Object.hasOwn(AGGREGATIONS, aggregation) ? AGGREGATIONS[aggregation] : undefined;
  if (!known) throw new DecisionError('DMN_STRUCTURE', `${JSON.stringify(aggregation)} is no aggregation`, at(table));
  return { hit_policy, aggregation: known };
}

function requiredId(requirement: DmnElement, ids: ReadonlySet<string>): string {
  const target = one(requirement, 'requiredInput') ?? one(requirement, 'requiredDecision');
  const href = target?.attributes.get('href') ?? '';
  const id = href.slice(href.indexOf('#') + 1);
  if (target && href.startsWith('#') && ids.has(id)) return id;
  throw new DecisionError(
    'DMN_REFERENCE',
    `${JSON.stringify(href)} is no input or decision of this document`,
    at(requirement),
  );
}

/** Some modellers leave out the input data; then the columns that are plain names stand for them. */
function withDerivedData(model: DecisionModel): DecisionModel {
  const decisions = new Set(model.tables.map((table) => table.name));
  const data = new Map<string, InputData>();
  const taken = new Set(model.tables.map((table) => table.id));
  const tables = model.tables.map((table) => {
    const facts = table.inputs.filter(
      (input) => PLAIN_NAME.test(input.expression) && !decisions.has(input.expression.split('.')[0]!),
    );
    const ids = facts.map((input) => {
      const id = taken.has(input.expression) ? `data_${input.expression}` : input.expression;
      data.set(id, { id, name: input.expression, type: data.get(id)?.type ?? input.type });
      return id;
    });
    return { ...table, requires: [...new Set([...table.requires, ...ids])] };
  });
  return { ...model, data: [...data.values()], tables };
}

const PLAIN_NAME = /^[\p{L}_][\p{L}\p{N}_]*$/u;

function required(element: DmnElement, attribute: string): string {
  const value = element.attributes.get(attribute);
  if (value) return value;
  throw new DecisionError('DMN_STRUCTURE', `<${element.name}> has no ${attribute}`, at(element));
}

function all(element: DmnElement, name: string): DmnElement[] {
  return element.children.filter((child) => child.name === name);
}

function one(element: DmnElement, name: string): DmnElement | undefined {
  return element.children.find((child) => child.name === name);
}

function at(element: DmnElement): { line: number; column: number } {
  return { line: element.line, column: element.column };
}
