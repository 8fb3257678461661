import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Liquid } from 'liquidjs';
import { generateCountry } from '../generator/country.ts';
import { confirmation_sheet, declaration_print_form, fillIn } from '../print-forms.ts';

const country = generateCountry({ seed: 'print', persons: 400 });
const engine = new Liquid();

function data(index: number) {
  const { person } = country.person(index);
  const clinic = country.clinic(0);
  const doctor = clinic.employees.find(({ employee_type }) => employee_type === 'DOCTOR')!;
  return {
    start_date: '2026-01-01',
    end_date: '2026-12-31',
    scope: 'family_doctor',
    person,
    employee: { id: doctor.id, party: doctor.party, specialities: doctor.doctor!.specialities },
    division: clinic.divisions[0],
    legal_entity: { ...clinic.legal_entity, licenses: clinic.legal_entity.medical_service_provider.licenses },
  };
}

function render(values: object): string {
  return engine.parseAndRenderSync(declaration_print_form.template, values);
}

test('the form shows patient, doctor, clinic and terms, and no leftover of the template', () => {
  for (const index of [0, 5, 17, 120, 399]) {
    const values = data(index);
    const html = render(values);
    const shown = [
      values.person.last_name,
      values.person.birth_date,
      values.employee.party.last_name,
      values.legal_entity.edrpou,
      '2026-12-31',
    ];
    for (const text of shown) assert.ok(html.includes(text.replaceAll("'", '&#39;')), text);
    assert.doesNotMatch(html, /\{\{|\{%|undefined|null|\[object/);
  }
});

test('a child’s form names who speaks for the child', () => {
  const child = [...country.persons()].find(({ person }) => person.confidant_person !== undefined)!;
  assert.match(render(data(child.index)), /Законний представник/);
  assert.doesNotMatch(
    render({ ...data(0), person: { ...data(0).person, confidant_person: undefined } }),
    /Законний представник/,
  );
});

test('HTML in any value is shown as text', () => {
  const html = render(poisoned(data(5)) as object);
  assert.doesNotMatch(html, /<script|<img|onerror="/i);
  assert.ok(html.includes('&lt;script&gt;'));
});

test('every output of the template is escaped', () => {
  const outputs = declaration_print_form.template.match(/\{\{.*?\}\}/g)!;
  for (const output of outputs) assert.match(output, /\| escape \}\}$|^\{\{ forloop\.index \}\}$/, output);
});

test('the page is accessible: language, title, one main heading, headings that label their sections', () => {
  const html = render(data(5));
  assert.match(html, /^<!DOCTYPE html>\s*<html lang="uk">/);
  assert.match(html, /<title>[^<]+<\/title>/);
  assert.equal(html.match(/<h1>/g)!.length, 1);
  const labels = [...html.matchAll(/aria-labelledby="([^"]+)"/g)].map((match) => match[1]!);
  const ids = [...html.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]!);
  assert.deepEqual(labels, ids);
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(html.match(/<section/g)!.length, html.match(/<\/section>/g)!.length);
});

test('a released form never changes: what was signed must be rendered again', () => {
  assert.equal(render(data(5)), render(data(5)));
  assert.deepEqual([declaration_print_form.name, declaration_print_form.version], ['declaration', 1]);
});

test('the texts of the confirmation sheet are filled in whole', () => {
  assert.equal(
    fillIn(confirmation_sheet.valid, { start_date: '2026-01-01', end_date: '2026-12-31' }),
    'Чинна з 2026-01-01 до 2026-12-31',
  );
  assert.throws(() => fillIn(confirmation_sheet.valid, { start_date: '2026-01-01' }), /end_date/);
  assert.throws(() => fillIn('{constructor}', {}), RangeError);
  assert.equal(fillIn('{patient}', { patient: '{doctor} $& $1' }), '{doctor} $& $1');
});

function poisoned(value: unknown): unknown {
  if (typeof value === 'string') return `${value}"'><script>alert(1)</script><img src=x onerror="alert(1)">`;
  if (Array.isArray(value)) return value.map(poisoned);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, poisoned(member)]));
}
