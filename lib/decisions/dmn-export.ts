import { DMN_NAMESPACE } from './dmn-elements.ts';
import { WHOLE_NUMBER_CONSTRAINT } from './dmn-types.ts';
import { DecisionError } from './errors.ts';
import type { DecisionModel, DecisionTable, InputData, Rule, TableInput, TableOutput, ValueType } from './model.ts';

const HIT_POLICIES = {
  U: 'UNIQUE',
  A: 'ANY',
  P: 'PRIORITY',
  F: 'FIRST',
  R: 'RULE ORDER',
  O: 'OUTPUT ORDER',
  C: 'COLLECT',
} as const;
const AGGREGATIONS = { '+': 'SUM', '<': 'MIN', '>': 'MAX', '#': 'COUNT' } as const;

/** The model as DMN 1.5 XML; equal models give equal bytes. Importing it gives the same model back. */
export function exportDmn(model: DecisionModel): string {
  const ids = new IdBook();
  for (const item of [...model.data, ...model.tables]) ids.claim(item.id, item.name);
  const whole = usesIntegers(model) ? [integerDefinition(ids)] : [];
  const root = element(
    'definitions',
    { xmlns: DMN_NAMESPACE, id: ids.free(model.id), name: model.name, namespace: model.namespace },
    [
      ...whole,
      ...model.data.map((data) => inputData(data, ids)),
      ...model.tables.map((table) => decision(table, model, ids)),
    ],
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}\n`;
}

/** XML ids are unique over the whole document and are names (XML 1.0 §3.3.1). */
class IdBook {
  readonly #taken = new Set<string>();

  /** An id that others refer to: it must be usable as it is. */
  claim(id: string, name: string): void {
    if (!/^[\p{L}_][\p{L}\p{N}_.-]*$/u.test(id) || this.#taken.has(id)) {
      throw new DecisionError('DMN_STRUCTURE', `${JSON.stringify(id)} (${name}) is no id or is used twice`);
    }
    this.#taken.add(id);
  }

  /** An id nobody refers to: changed where it is not usable. */
  free(wish: string): string {
    const base = wish.replace(/[^\p{L}\p{N}_.-]/gu, '_').replace(/^(?![\p{L}_])/u, '_');
    let id = base;
    for (let n = 2; this.#taken.has(id); n++) id = `${base}_${n}`;
    this.#taken.add(id);
    return id;
  }
}

function usesIntegers(model: DecisionModel): boolean {
  const columns = model.tables.flatMap((table) => [...table.inputs, ...table.outputs]);
  return [...model.data, ...columns].some((item) => item.type === 'integer');
}

function integerDefinition(ids: IdBook): string {
  return element('itemDefinition', { id: ids.free('type_integer'), name: 'integer' }, [
    textElement('typeRef', 'number'),
    element('typeConstraint', {}, [textElement('text', WHOLE_NUMBER_CONSTRAINT)]),
  ]);
}

function inputData(data: InputData, ids: IdBook): string {
  const variable = element('variable', {
    id: ids.free(`${data.id}_variable`),
    name: data.name,
    typeRef: typeRef(data.type),
  });
  return element('inputData', { id: data.id, name: data.name }, [variable]);
}

function decision(table: DecisionTable, model: DecisionModel, ids: IdBook): string {
  const variable = element('variable', { id: ids.free(`${table.id}_variable`), name: table.name });
  const requirements = table.requires.map((id, i) => {
    const name = model.tables.some((other) => other.id === id) ? 'requiredDecision' : 'requiredInput';
    return element('informationRequirement', { id: ids.free(`${table.id}_requirement_${i + 1}`) }, [
      element(name, { href: `#${id}` }),
    ]);
  });
  return element('decision', { id: table.id, name: table.name }, [
    variable,
    ...requirements,
    decisionTable(table, ids),
  ]);
}

function decisionTable(table: DecisionTable, ids: IdBook): string {
  const annotated = table.rules.some((rule) => rule.annotation);
  return element(
    'decisionTable',
    {
      id: ids.free(`${table.id}_table`),
      hitPolicy: HIT_POLICIES[table.hit_policy],
      aggregation: table.aggregation && AGGREGATIONS[table.aggregation],
    },
    [
      ...table.inputs.map((input) => tableInput(input, ids)),
      ...table.outputs.map((output) => tableOutput(output, ids)),
      ...(annotated ? [element('annotation', { name: 'annotation' })] : []),
      ...table.rules.map((rule) => tableRule(rule, annotated, ids)),
    ],
  );
}

function tableInput(input: TableInput, ids: IdBook): string {
  const id = ids.free(input.id);
  const source = element('inputExpression', { id: ids.free(`${id}_expression`), typeRef: typeRef(input.type) }, [
    textElement('text', input.expression),
  ]);
  return element('input', { id, label: input.label }, [source, ...values('inputValues', input.allowed_values)]);
}

function tableOutput(output: TableOutput, ids: IdBook): string {
  const attributes = { id: ids.free(output.id), label: output.label, name: output.name, typeRef: typeRef(output.type) };
  return element('output', attributes, [
    ...values('outputValues', output.allowed_values),
    ...values('defaultOutputEntry', output.default),
  ]);
}

function values(name: string, text: string | undefined): string[] {
  return text ? [element(name, {}, [textElement('text', text)])] : [];
}

function tableRule(rule: Rule, annotated: boolean, ids: IdBook): string {
  const id = ids.free(rule.id);
  const entries = (name: string, texts: string[], kind: string) =>
    texts.map((text, i) => element(name, { id: ids.free(`${id}_${kind}_${i + 1}`) }, [textElement('text', text)]));
  return element('rule', { id }, [
    ...entries('inputEntry', rule.inputs, 'in'),
    ...entries('outputEntry', rule.outputs, 'out'),
    ...(annotated ? [element('annotationEntry', {}, [textElement('text', rule.annotation ?? '')])] : []),
  ]);
}

function typeRef(type: ValueType): string {
  return type === 'dateTime' ? 'date and time' : type;
}

function element(name: string, attributes: Record<string, string | undefined>, children: string[] = []): string {
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
  const written = given.map(([key, value]) => ` ${key}="${escaped(value!)}"`).join('');
  if (children.length === 0) return `<${name}${written}/>`;
  const body = children.join('\n').replace(/^/gm, '  ');
  return `<${name}${written}>\n${body}\n</${name}>`;
}

function textElement(name: string, text: string): string {
  return `<${name}>${escaped(text)}</${name}>`;
}

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** Escapes for text and attributes; characters that XML cannot carry are refused (XML 1.0 §2.2). */
function escaped(text: string): string {
  if (/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u.test(text)) {
    throw new DecisionError('DMN_STRUCTURE', 'a text has a character that XML cannot carry; write it as a FEEL escape');
  }
  return text.replace(/[&<>"\t\n\r]/g, (character) => ESCAPES[character]!);
}
