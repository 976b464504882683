import { describe, expect, test } from 'vitest';
import type { Arm, ExperimentEffect } from '$lib/backend';
import { experiments } from '$lib/backend/fake/views';
import {
  callText,
  chanceText,
  changeInterval,
  daysText,
  generator,
  pText,
  perUnit,
  standing,
  units,
  verdict,
  whoText,
} from './words';
import { GROUPS, groupOf, grouped, matches } from './groups';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');

test.each([
  [null, 'unknown'],
  [{ p10: 18.2, p50: 23.4, p90: 31 }, '23 days (18 to 31)'],
  [{ p10: 1, p50: 1, p90: 1 }, '1 day'],
  [{ p10: 0, p50: 0.2, p90: 1 }, 'less than a day'],
])('days %o', (days, text) => expect(daysText(days)).toBe(text));

test.each([
  [null, 'people'],
  ['company', 'companies'],
  ['account', 'accounts'],
  ['address', 'addresses'],
  ['work_day', 'work days'],
])('units of %s', (group, text) => expect(units(group)).toBe(text));

test('probabilities are never 0 or 1, p-values never 0', () => {
  expect([chanceText(1), chanceText(0), chanceText(0.834)].map(plain)).toEqual([
    'more than 99 %',
    'less than 1 %',
    '83 %',
  ]);
  expect([pText(0), pText(0.00042), pText(0.0213), pText(0.62), pText(null)]).toEqual([
    '< 0.0001',
    '0.0004',
    '0.021',
    '0.62',
    '–',
  ]);
});

test('who it is about', () => {
  expect(plain(whoText({ audience: "plan == 'free'", share: 0.6, group: null }))).toBe(
    '60 % of people where plan is free',
  );
  expect(whoText({ audience: null, share: 1, group: 'company' })).toBe('all companies');
  expect(plain(whoText({ audience: null, share: 0.125, group: null }))).toBe('12.5 % of all people');
});

test('how it was found', () => {
  expect(['playbook:price_step', 'design:exact', 'retest', 'something_new'].map(generator)).toEqual([
    'Price step playbook',
    'Exact, for few events',
    'Test again',
    'Something new',
  ]);
});

test('a count per person keeps its digits', () => {
  expect(perUnit(0.0421, { format: 'integer' } as never)).toBe('0.042');
  expect(plain(perUnit(0.0421, { format: 'percent' } as never))).toBe('4.21 %');
});

const arms: Arm[] = [
  { key: 'control', value: 29, weight: 0.34 },
  { key: 'a', value: 32, weight: 0.33 },
  { key: 'b', value: 35, weight: 0.33 },
];
const effect = (chance: number | null, low: number, high: number): ExperimentEffect =>
  ({ arm: 'a', chance, note: 'too few units', relative: { low, middle: (low + high) / 2, high } }) as ExperimentEffect;

describe('verdicts', () => {
  test.each([
    [0.99, 0.01, 0.1, 'Almost surely better, 99 %', 'good'],
    [0.93, -0.01, 0.1, 'Very likely better, 93 %', 'quiet'],
    [0.5, -0.1, 0.1, 'Open: 50 % that it is better', 'quiet'],
    [0.2, -0.1, 0.05, 'Probably worse, 80 %', 'quiet'],
    [0.001, -0.2, -0.05, 'Almost surely worse, more than 99 %', 'bad'],
  ])('%d', (chance, low, high, text, tone) => {
    const said = verdict(effect(chance, low, high));
    expect([plain(said.text), said.tone]).toEqual([text, tone]);
  });
  test('with several arms it names the arm, without a number it says why', () => {
    expect(plain(verdict(effect(0.83, -0.01, 0.1), arms).text)).toBe('32 is probably better, 83 %');
    expect(verdict(effect(null, 0, 0)).text).toBe('too few units');
  });
  test('calls', () => {
    expect(callText({ call: 'ship', arm: 'b' }, arms)).toEqual({ text: '35 is better', tone: 'good' });
    expect(callText({ call: 'roll_back', arm: 'a' }, arms).tone).toBe('bad');
  });
  test('an interval reads as a sentence', () =>
    expect(plain(changeInterval({ low: -0.01, middle: 0.041, high: 0.12 }))).toBe('+4.1 % (−1.0 % to +12 %)'));
});

describe('groups', () => {
  const all = experiments().experiments;
  test('a broken check and an open card need somebody', () => {
    const of = (key: string, open: string[] = []) =>
      groupOf(
        all.find((one) => one.spec.key === key)!,
        new Set(open),
      );
    expect(of('checkout_mobile')).toBe('needs');
    expect(of('headline_time')).toBe('waiting');
    expect(of('headline_time', ['headline_time'])).toBe('needs');
    expect(of('pro_price_2026')).toBe('running');
    expect(of('trial_30')).toBe('archived');
  });
  test('too few units are early, not an alarm', () => {
    const young = structuredClone(all.find((one) => one.spec.key === 'pro_price_2026')!);
    Object.assign(
      young.last!.gates.find((gate) => gate.kind === 'too_few_units')!,
      { passed: false },
    );
    expect(groupOf(young, new Set())).toBe('running');
    expect(standing(young)).toEqual({ text: 'Too early to say', tone: 'quiet' });
  });
  test('every experiment is in one group, in the order of the groups', () => {
    const made = grouped(all, new Set());
    expect(made.flatMap(({ rows }) => rows)).toHaveLength(all.length);
    expect(made.map(({ group }) => group)).toEqual(GROUPS.filter((one) => made.some(({ group }) => group === one)));
    const running = made.find(({ group }) => group === 'running')!.rows.map((one) => one.last!.days_left!.p50);
    expect(running).toEqual([...running].sort((a, b) => a - b));
  });
  test('search looks at words anywhere', () => {
    const found = (text: string) => all.filter((one) => matches(one, text)).map((one) => one.spec.key);
    expect(found('price 2026')).toEqual(['pro_price_2026']);
    expect(found('an hour back')).toEqual(['headline_time']);
    expect(found('nothing like it')).toEqual([]);
  });
});
