import { describe, expect, test } from 'vitest';
import type { Annotation, KpiView } from '$lib/backend/types';
import { bucketEnd, cluster, columns, grains, nearest, pan, whole, zoom } from './chart-data';

const DAY = 86_400_000;
const point = (start: number, value: number | null) => ({ start, value, numerator: 0, denominator: 1, events: 1 });
const band = (start: number) => ({ start, p10: 1, p50: 2, p90: 3, score: 0 });
function view(values: (number | null)[], before: (number | null)[], bandDays: number[]): KpiView {
  return {
    series: { points: values.map((v, i) => point(i * DAY, v)) },
    previous: { points: before.map((v, i) => point((i - before.length) * DAY, v)) },
    band: bandDays.map((day) => band(day * DAY)),
  } as unknown as KpiView;
}

describe('columns', () => {
  test('band and previous lie over the same buckets; the forecast extends the axis', () => {
    const got = columns(view([5, null, 7], [1, 2, 3], [1, 2, 3]));
    expect(got.time).toEqual([0, 86_400, 172_800, 259_200]);
    expect(got.actual).toEqual([5, null, 7, null]);
    expect(got.low).toEqual([null, 1, 1, 1]);
    expect(got.previous).toEqual([1, 2, 3, null]);
  });
  test('ranges of different length are laid over each other by their ends', () => {
    expect(columns(view([5, 6], [1, 2, 3], [])).previous).toEqual([2, 3]);
    expect(columns(view([5, 6], [1], [])).previous).toEqual([null, 1]);
  });
  test('nothing gives nothing', () => expect(columns(view([], [], [])).time).toEqual([]));
});

test.each([
  ['hour', ['hour', 'day', 'week', 'month']],
  ['week', ['week', 'month']],
] as const)('a metric of %s buckets offers %j', (own, offered) => expect(grains(own)).toEqual(offered));

test('the last bucket ends after its grain', () => {
  expect(bucketEnd([0, 100], 0, 'day')).toBe(100);
  expect(bucketEnd([0, 100], 1, 'day')).toBe(86_500);
});

describe('window', () => {
  const all = { from: 0, to: 1000 };
  test.each([
    ['zooms in around the point', zoom(all, all, 0.5, 500, 100), { from: 250, to: 750 }],
    ['keeps the point where it is', zoom(all, all, 0.5, 0, 100), { from: 0, to: 500 }],
    ['never beyond the axis', zoom({ from: 100, to: 600 }, all, 4, 300, 100), all],
    ['pans later', pan({ from: 0, to: 200 }, all, 0.5), { from: 100, to: 300 }],
    ['stops at the end', pan({ from: 700, to: 900 }, all, 1), { from: 800, to: 1000 }],
  ])('%s', (_, got, expected) => expect(got).toEqual(expected));
  test('shows three buckets at least', () => {
    const got = zoom(all, all, 0.0001, 500, 11);
    expect(got.to - got.from).toBeCloseTo(300);
  });
  test('a single bucket still has a width', () => expect(whole([5]).to).toBeGreaterThan(whole([5]).from));
});

test.each([
  [[0, 10, 20], 14, 1],
  [[0, 10, 20], 99, 2],
  [[], 5, -1],
])('nearest in %j to %d is %d', (time, at, expected) => expect(nearest(time, at)).toBe(expected));

test('marks on the same spot are joined, the anomaly first; those outside are left out', () => {
  const mark = (at: number, kind: string): Annotation => ({ at, kind, text: kind, decision: null, insight: null });
  const got = cluster(
    [mark(50, 'decision'), mark(52, 'anomaly'), mark(90, 'lever'), mark(500, 'outcome')],
    (at) => (at <= 100 ? at : null),
    12,
  );
  expect(got.map((c) => [c.x, ...c.marks.map((m) => m.kind)])).toEqual([
    [50, 'anomaly', 'decision'],
    [90, 'lever'],
  ]);
});
