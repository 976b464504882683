import { expect, test } from 'vitest';
import { levers } from '$lib/backend/fake/levers';
import { attributes, bounds, fits, matches, meant, predicate, ruleWords, share, typed } from './words';

test('a predicate names its attributes, not its words', () => {
  expect(attributes(["plan == 'pro' && country in ['DE', 'AT']", null, 'age > 18 && plan != "free"'])).toEqual([
    'plan',
    'country',
    'age',
  ]);
  expect(attributes(["email.endsWith('@a.example') || size(tags) > 2"])).toEqual(['email', 'tags']);
});

test('what is typed is a number or a switch where it looks like one', () => {
  expect(['true', '12', '0.5', 'pro', ''].map(typed)).toEqual([true, 12, 0.5, 'pro', '']);
});

test('a misspelt key finds the one that was meant, a strange one does not', () => {
  const keys = ['new_checkout_mobile', 'pro_price'];
  expect(meant('new_chekout_mobile', keys)).toBe('new_checkout_mobile');
  expect(meant('banner_colour', keys)).toBeUndefined();
});

test('filters and search narrow the list', () => {
  const all = levers().levers;
  expect(all.filter((one) => fits(one, 'killed')).map((one) => one.key)).toEqual(['quick_export']);
  expect(all.filter((one) => fits(one, 'random')).map((one) => one.key)).toEqual(['new_checkout_mobile', 'pro_price']);
  expect(all.filter((one) => fits(one, 'all'))).toHaveLength(all.length);
  expect(all.filter((one) => matches(one, 'price-2026 pro')).map((one) => one.key)).toEqual(['pro_price']);
});

test('shares and bounds are written as people say them', () => {
  expect(share(0.2)).toBe('20\u00a0%');
  expect(share(0.125)).toBe('12.5\u00a0%');
  expect(bounds({ kind: 'number', min: 19, max: 49, step: 1 })).toBe('19 to 49, in steps of 1');
});

test('simple predicates are said in words, others stay as they were written', () => {
  expect(predicate("plan == 'pro' && country in ['DE', 'AT']")).toBe('plan is pro and country is DE or AT');
  expect(predicate('employees > 250 && is_new != true')).toBe('employees is above 250 and is_new is false');
  expect(predicate("email.endsWith('@a.example')")).toBe('email ends with @a.example');
  for (const hard of ['a == 1 || b == 2', '!(a == 1) && b == 2', 'size(tags) > 2', 'a == b'])
    expect(predicate(hard)).toBe(hard);
});

test('a rule is said with its share and its value', () => {
  const [staff, beta] = levers().levers[0]!.rules;
  expect(ruleWords(staff!)).toBe('Where email ends with @made-up.example: on');
  expect(ruleWords(beta!)).toBe('20\u00a0% where plan is pro and country is DE or AT: on');
  expect(ruleWords(levers().levers[1]!.rules[0]!)).toBe(
    '50\u00a0% where is_new is true: price-2026 by chance, control 29, test 35',
  );
  expect(ruleWords({ ...beta!, when: null, share: 0.5 })).toBe('50\u00a0% of everyone: on');
});
