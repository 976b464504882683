import { describe, expect, test } from 'vitest';
import type { ColumnView, Mapping } from '$lib/backend/types';
import { asExpression, assign, blocker, computed, replaySeconds, setComputed, targetOf, type Target } from './mapping';

function mapping(over: Partial<Mapping>): Mapping {
  return {
    event: "'order'",
    time: 'InvoiceDate',
    unit: '',
    id: null,
    props: {},
    only_mapped: false,
    time_format: null,
    timezone: null,
    delimiter: null,
    encoding: null,
    decimal: null,
    sheet: null,
    ...over,
  };
}
const columns = ['InvoiceDate', 'Customer ID', 'Quantity', 'Country'].map((name) => ({ name }) as ColumnView);

test.each([
  ['Country', 'Country'],
  ['Customer ID', '`Customer ID`'],
  ['2024', '`2024`'],
])('column “%s” as an expression', (column, expression) => expect(asExpression(column)).toBe(expression));

test.each<[string, Mapping, string, Target]>([
  ['the time', mapping({}), 'InvoiceDate', 'time'],
  ['the unit in backticks', mapping({ unit: '`Customer ID`' }), 'Customer ID', 'unit'],
  ['kept silently', mapping({}), 'Country', 'prop'],
  ['named', mapping({ props: { land: 'Country' }, only_mapped: true }), 'Country', 'prop'],
  ['dropped', mapping({ only_mapped: true }), 'Country', 'drop'],
  ['only mentioned', mapping({ event: 'lower(Country)', only_mapped: true }), 'Country', 'drop'],
])('%s', (_, given, column, expected) => expect(targetOf(given, column)).toBe(expected));

describe('assign', () => {
  test('moves a column from one target to another', () => {
    const got = assign(mapping({ unit: '`Customer ID`' }), columns, 'Customer ID', 'id');
    expect([got.unit, got.id]).toEqual(['', '`Customer ID`']);
  });
  test('dropping one column keeps the others', () => {
    const got = assign(mapping({}), columns, 'Country', 'drop');
    expect(got.only_mapped).toBe(true);
    expect(got.props).toEqual({ 'Customer ID': '`Customer ID`', Quantity: 'Quantity' });
    expect(columns.map((c) => targetOf(got, c.name))).toEqual(['time', 'prop', 'prop', 'drop']);
  });
  test('a dropped column comes back under its own name', () => {
    const dropped = assign(mapping({}), columns, 'Country', 'drop');
    expect(assign(dropped, columns, 'Country', 'prop').props['Country']).toBe('Country');
  });
});

test('computed properties are those that are not one column', () => {
  const given = mapping({ props: { land: 'Country', amount: 'Quantity * Price' } });
  expect(computed(given, columns)).toEqual([['amount', 'Quantity * Price']]);
  expect(setComputed(given, 'amount', 'total', 'Quantity').props).toEqual({ land: 'Country', total: 'Quantity' });
  expect(setComputed(given, 'amount', '', '').props).toEqual({ land: 'Country' });
});

test.each([
  [mapping({}), null],
  [mapping({ event: ' ' }), 'which event'],
  [mapping({ time: '' }), 'holds the time'],
])('blocker %#', (given, words) => {
  if (words === null) expect(blocker(given)).toBeNull();
  else expect(blocker(given)).toContain(words);
});

test('a replay of a year by day takes six minutes', () => {
  expect(replaySeconds(0, 365 * 86_400_000, 86_400)).toBe(365);
  expect(replaySeconds(5, 5, 86_400)).toBeNull();
});
