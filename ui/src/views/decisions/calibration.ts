/**
 * How well predictions keep what they promise: shares with Wilson intervals, coverage of the three quantiles, records by proposer.
 * Counts what the engine scored; predicts nothing itself.
 */
import type { Calibration, ScoredPoint } from '$lib/backend';

export interface Share {
  hits: number;
  of: number;
  share: number;
  low: number;
  high: number;
}

/** z of a two-sided 95 % interval. */
const Z95 = 1.959964;

/**
 * A share with its 95 % interval after Wilson (1927), which holds for few cases and near 0 and 1. Nothing seen leaves everything
 * open.
 */
export function wilson(hits: number, of: number, z = Z95): Share {
  if (of === 0) return { hits, of, share: 0, low: 0, high: 1 };
  const share = hits / of;
  const scale = 1 + (z * z) / of;
  const mid = (share + (z * z) / (2 * of)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  return { hits, of, share, low: Math.max(0, mid - half), high: Math.min(1, mid + half) };
}

export interface Coverage extends Share {
  /** What was promised: 0.1, 0.5 or 0.9. */
  promised: number;
}

/** Of how many predictions the outcome lay at or below p10, p50 and p90: 10, 50 and 90 % where they are calibrated. */
export function coverage(points: readonly ScoredPoint[]): Coverage[] {
  const below = (of: 'p10' | 'p50' | 'p90') => points.filter((p) => p.actual <= p[of]).length;
  return (
    [
      ['p10', 0.1],
      ['p50', 0.5],
      ['p90', 0.9],
    ] as const
  ).map(([of, promised]) => ({ promised, ...wilson(below(of), points.length) }));
}

export type Verdict = 'none' | 'narrow' | 'wide' | 'fits' | 'open';

/** What a record of 80 % intervals says; `open` while it could still be anything between too narrow and too wide. */
export function verdict(record: Calibration): Verdict {
  if (record.scored === 0) return 'none';
  const { low, high } = wilson(record.inside, record.scored);
  if (high < 0.8) return 'narrow';
  if (low > 0.8) return 'wide';
  // Within ten points either way is what earns more autonomy; a wider interval decides nothing yet.
  return low >= 0.7 && high <= 0.9 ? 'fits' : 'open';
}

export const SAYS: Record<Verdict, string> = {
  none: 'nothing was scored yet',
  narrow: 'intervals are too narrow: it is surer than it should be',
  wide: 'intervals are wider than they need to be',
  fits: 'as promised',
  open: 'as promised, as far as so few cases can tell',
};

/** Bars of a histogram as shares of the tallest; all 0 where nothing was counted. */
export function bars(histogram: readonly number[]): number[] {
  const most = Math.max(0, ...histogram);
  return histogram.map((n) => (most > 0 ? n / most : 0));
}
