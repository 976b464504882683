import { describe, expect, test } from 'vitest';
import type { KpiTile } from '$lib/backend/types';
import { group, mark, movement, pack, tone } from './tiles';

function tile(key: string, over: Record<string, unknown> = {}, metric: Record<string, unknown> = {}): KpiTile {
  return {
    metric: { key, title: key, domain: 'sales', better: 'up', ...metric },
    change: 0,
    insight: null,
    ...over,
  } as unknown as KpiTile;
}
const anomaly = (score: number, good: boolean | null) => ({ kind: 'anomaly', score, good });

describe('movement', () => {
  test.each([
    ['an anomaly outranks any change', tile('a', { insight: anomaly(-3, false) }), tile('b', { change: 5 })],
    ['a larger change outranks a smaller one', tile('a', { change: -0.4 }), tile('b', { change: 0.2 })],
    ['any change outranks an unknown one', tile('a', { change: 0.01 }), tile('b', { change: null })],
  ])('%s', (_, more, less) => expect(movement(more)).toBeGreaterThan(movement(less)));
});

test.each([
  [0.1, 'up', 'good'],
  [-0.1, 'up', 'bad'],
  [0.1, 'down', 'bad'],
  [-0.1, 'down', 'good'],
  [0.1, 'neither', 'quiet'],
  [0, 'up', 'quiet'],
  [null, 'up', 'quiet'],
])('change %s with better %s is %s', (change, better, expected) =>
  expect(tone(tile('a', { change }, { better }))).toBe(expected),
);

test.each([
  [null, null],
  [anomaly(-4, false), { arrow: '▼', tone: 'bad', word: 'anomaly' }],
  [
    { kind: 'goal', score: 0, good: null },
    { arrow: '○', tone: 'quiet', word: 'goal at risk' },
  ],
])('mark of %j', (insight, expected) => expect(mark(tile('a', { insight }))).toEqual(expected));

describe('group', () => {
  const tiles = [
    tile('orders', { change: 0.1 }),
    tile('visits', { change: -0.5 }, { domain: 'marketing' }),
    tile('revenue', { change: 0.3 }),
  ];
  test.each([
    [
      'domain',
      '',
      [
        ['sales', 'orders', 'revenue'],
        ['marketing', 'visits'],
      ],
    ],
    ['movement', '', [[null, 'visits', 'revenue', 'orders']]],
    ['movement', 'REV', [[null, 'revenue']]],
    ['domain', 'market', [['marketing', 'visits']]],
    ['domain', 'nothing like it', []],
  ] as const)('by %s, filter “%s”', (order, filter, expected) =>
    expect(group(tiles, order, filter).map((g) => [g.domain, ...g.tiles.map((t) => t.metric.key)])).toEqual(expected),
  );
});

test.each([
  [[1, 3, 1, 1], 3, [1, 1, 1, 3]],
  [[2, 2, 1, 1], 3, [2, 1, 2, 1]],
  [[9, 1], 3, [9, 1]],
  [[1, 2], 1, [1, 2]],
])('groups of %j in %d columns fill rows as %j', (sizes, columns, expected) => {
  const groups = sizes.map((size) => ({ domain: null, tiles: Array.from({ length: size }, () => tile('a')) }));
  expect(pack(groups, columns).map((g) => g.tiles.length)).toEqual(expected);
});
