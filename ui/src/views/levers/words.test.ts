import { expect, test } from 'vitest';
import { levers } from '$lib/backend/fake/levers';
import { attributes, bounds, fits, matches, meant, share, typed } from './words';

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
