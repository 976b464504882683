import { describe, expect, test } from 'vitest';
import type { EventKindView } from '$lib/backend/types';
import { blank, problems, quote, slug, toml, unseen, type MetricDraft } from './metric-draft';

function draft(over: Partial<MetricDraft>): MetricDraft {
  return { ...blank(), title: 'Orders', ...over };
}
const measure = (over: Partial<MetricDraft['measure']>) => ({ ...blank().measure, ...over });

test.each([
  ['Average order value', 'average_order_value'],
  ['  Größe (m²) ', 'gro_e_m2'],
  ['---', ''],
])('slug of “%s”', (title, key) => expect(slug(title)).toBe(key));

describe('problems', () => {
  test.each([
    ['nothing yet', blank(), ['title', 'event']],
    ['a count', draft({ measure: measure({ event: 'order' }) }), []],
    ['a sum without a value', draft({ kind: 'sum', measure: measure({ event: 'order' }) }), ['value']],
    ['a key already taken', draft({ title: 'Revenue', measure: measure({ event: 'o' }) }), ['key']],
    ['a key of two words', draft({ key: 'two words', measure: measure({ event: 'o' }) }), ['key']],
    ['a quantile beyond 1', draft({ kind: 'quantile', q: '95', measure: measure({ event: 'o', value: 'ms' }) }), ['q']],
    [
      'half a conversion',
      draft({ kind: 'proportion', measure: measure({ event: 'o', within: 'soon' }) }),
      ['second', 'within'],
    ],
    ['an empty formula', draft({ kind: 'formula' }), ['formula']],
  ])('%s', (_, given, expected) =>
    expect(Object.keys(problems(given, ['revenue'])).sort()).toEqual([...expected].sort()),
  );
});

test('an event never seen is named, not refused', () => {
  const seen = [{ name: 'order' }] as EventKindView[];
  const given = draft({ kind: 'ratio', measure: measure({ event: 'order' }), denominator: measure({ event: 'vist' }) });
  expect(unseen(given, seen)).toEqual(['vist']);
});

test.each([
  ['a "b"', '"a \\"b\\""'],
  ['tab\t', '"tab\\t"'],
])('quotes %j', (text, expected) => expect(quote(text)).toBe(expected));

describe('toml', () => {
  test.each([
    [
      'sum with filter and segments',
      draft({
        title: 'Revenue',
        kind: 'sum',
        measure: measure({ event: 'order', value: 'quantity * price', where: "country == 'DE'" }),
        segments: ['country', 'plan'],
        format: 'money',
        domain: 'sales',
      }),
      [
        '[[metric]]',
        'key = "revenue"',
        'title = "Revenue"',
        'kind = "sum"',
        'event = "order"',
        `where = "country == 'DE'"`,
        'value = "quantity * price"',
        'better = "up"',
        'domain = "sales"',
        'format = "money"',
        'segments = ["country", "plan"]',
      ],
    ],
    [
      'conversion',
      draft({
        title: 'Signup rate',
        kind: 'proportion',
        measure: measure({ event: 'signup', within: '7d' }),
        denominator: measure({ event: 'visit' }),
        unit: 'visitor',
      }),
      [
        '[[metric]]',
        'key = "signup_rate"',
        'title = "Signup rate"',
        'kind = "proportion"',
        'numerator = { event = "signup", within = "7d" }',
        'denominator = { event = "visit" }',
        'unit = "visitor"',
        'better = "up"',
        'domain = "product"',
        'format = "number"',
      ],
    ],
  ])('%s', (_, given, expected) => expect(toml(given).trimEnd().split('\n')).toEqual(expected));
});
