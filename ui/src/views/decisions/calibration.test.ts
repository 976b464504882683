import { describe, expect, test } from 'vitest';
import type { ScoredPoint } from '$lib/backend';
import { coverage, verdict, wilson } from './calibration';

describe('a share with its interval', () => {
  // Reference values: Newcombe (1998), Statistics in Medicine 17, 857, table I, method 3 (without continuity correction).
  test.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('%i of %i lies between %f and %f', (hits, of, low, high) => {
    const share = wilson(hits, of);
    expect(share.low).toBeCloseTo(low, 4);
    expect(share.high).toBeCloseTo(high, 4);
  });
  test('nothing seen leaves everything open', () => expect(wilson(0, 0)).toMatchObject({ low: 0, high: 1 }));
});

test('coverage counts outcomes at or below each quantile', () => {
  const at = (actual: number): ScoredPoint => ({
    decision: `dec_${actual}`,
    at: 0,
    p10: 10,
    p50: 50,
    p90: 90,
    actual,
    inside: actual >= 10 && actual <= 90,
  });
  const seen = coverage([5, 10, 40, 50, 60, 80, 90, 95].map(at));
  expect(seen.map((c) => [c.promised, c.hits, c.of])).toEqual([
    [0.1, 2, 8],
    [0.5, 4, 8],
    [0.9, 7, 8],
  ]);
});

test.each([
  [0, 0, 'none'],
  [3, 20, 'narrow'],
  [60, 60, 'wide'],
  [4, 5, 'open'],
  [160, 200, 'fits'],
] as const)('%i inside of %i: %s', (inside, scored, says) => expect(verdict({ inside, scored })).toBe(says));
