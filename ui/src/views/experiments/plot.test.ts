import { describe, expect, test } from 'vitest';
import type { Reading } from '$lib/backend';
import { MARKS, dashOf, markOf, markPath } from '../../domain/arm-marks';
import { perLook, robustSpan, scale, spread, thin, ticks } from './plot';

test('one wild interval does not crush the rest', () => {
  const usual = Array.from({ length: 9 }, (_, i) => ({ low: -0.05, middle: 0.01 * (i % 3), high: 0.07 }));
  const span = robustSpan([...usual, { low: -3, middle: 0.02, high: 3 }]);
  expect(span.high).toBeLessThan(0.2);
  expect(span.low).toBeLessThan(0);
  expect(span.low).toBeGreaterThan(-0.2);
});
test('zero and every middle are inside', () => {
  const span = robustSpan([{ low: 0.1, middle: 0.2, high: 0.3 }], [0.5]);
  expect(span.low).toBeLessThanOrEqual(0);
  expect(span.high).toBeGreaterThanOrEqual(0.5);
  expect(robustSpan([])).toEqual({ low: -1, high: 1 });
});

test.each([
  [-0.12, 0.09],
  [0, 1240],
  [-3.1, 3.4],
])('ticks of %d to %d are round and inside', (low, high) => {
  const all = ticks({ low, high }, 5);
  expect(all.length).toBeGreaterThanOrEqual(3);
  expect(all.length).toBeLessThanOrEqual(7);
  for (const one of all) expect(one >= low && one <= high).toBe(true);
});
test('no ticks where there is nothing', () => expect(ticks({ low: 1, high: 1 })).toEqual([]));

test('a scale maps its ends', () => {
  const x = scale({ low: -1, high: 1 }, 10, 110);
  expect([x(-1), x(0), x(1)]).toEqual([10, 60, 110]);
});

describe('labels', () => {
  test('are moved apart and stay inside', () => {
    const places = spread([50, 51, 52], 12, 0, 100);
    const sorted = [...places].sort((a, b) => a - b);
    for (let i = 1; i < sorted.length; i += 1) expect(sorted[i]! - sorted[i - 1]!).toBeGreaterThanOrEqual(12);
    const low = spread([98, 99], 12, 0, 100);
    expect(Math.max(...low)).toBeLessThanOrEqual(100);
    expect(low[1]! - low[0]!).toBeGreaterThanOrEqual(12);
  });
  test('stay where they are when there is room', () => expect(spread([10, 60], 12, 0, 100)).toEqual([10, 60]));
});

test('a long experiment keeps its newest look', () => {
  const all = Array.from({ length: 400 }, (_, i) => ({ number: i + 1 }) as Reading);
  const some = thin(all, 60);
  expect(some).toHaveLength(60);
  expect(some.at(-1)!.number).toBe(400);
  expect(thin(all.slice(0, 5), 60)).toHaveLength(5);
});

test('arms differ without colour', () => {
  const shapes = MARKS.map((_, i) => `${markOf(i)} ${dashOf(i)}`);
  expect(new Set(shapes).size).toBe(MARKS.length);
  for (const mark of MARKS) expect(markPath(mark, 4)).toMatch(/^M/);
});

test('what each look saw more than the one before', () => {
  const at = (n: number, units: number[]) => ({ at: n, units }) as Reading;
  expect(perLook([at(1, [10, 12]), at(2, [25, 20]), at(3, [24, 30])])).toEqual([
    { day: 1, units: [10, 12] },
    { day: 2, units: [15, 8] },
    { day: 3, units: [0, 10] },
  ]);
});
