/**
 * What several cards come to together: money, stakes, cost and time, for the preview of a batch. Knows decisions as the engine
 * sends them and nothing of the screen.
 */
import type { Decision } from '$lib/backend';

/** Money of several independent predictions, in minor units. */
export interface MoneyTotal {
  low: number;
  middle: number;
  high: number;
  /** The ends if all cards went wrong, or right, at once: plain sums of p10 and of p90. */
  together: { low: number; high: number };
  /** How many of the cards have a worth in money. */
  known: number;
}

export interface Total {
  cards: number;
  /** `null` when no card has a worth in money. */
  money: MoneyTotal | null;
  /** Sum of what is at stake where it is known, in minor units, and of how many cards it is not. */
  stake: number;
  stakeUnknown: number;
  cost: number;
  minutes: number;
  /** What a day of waiting costs, in minor units, where known. */
  waiting: number;
  /** How many of each reversibility. */
  undo: Partial<Record<Decision['reversibility'], number>>;
  /** Who and what is touched, each once, in order of the cards. */
  touches: string[];
}

/**
 * Adds predictions as if they were independent: medians are added; the distances from the median to p10, and to p90, are added
 * in quadrature (root of the sum of squares), each side by itself. Exact for independent normal predictions.
 */
export function addIndependent(rows: readonly (readonly [number, number, number])[]): Omit<MoneyTotal, 'known'> {
  let [middle, below, above, low, high] = [0, 0, 0, 0, 0];
  for (const [p10, p50, p90] of rows) {
    middle += p50;
    below += (p50 - p10) ** 2;
    above += (p90 - p50) ** 2;
    low += p10;
    high += p90;
  }
  return { low: middle - Math.sqrt(below), middle, high: middle + Math.sqrt(above), together: { low, high } };
}

export function total(cards: readonly Decision[]): Total {
  const worth = cards.flatMap((d) => (d.prediction?.money_minor ? [d.prediction.money_minor] : []));
  const sum = (of: (d: Decision) => number | null) => cards.reduce((all, d) => all + (of(d) ?? 0), 0);
  const undo: Total['undo'] = {};
  for (const d of cards) undo[d.reversibility] = (undo[d.reversibility] ?? 0) + 1;
  return {
    cards: cards.length,
    money: worth.length > 0 ? { ...addIndependent(worth), known: worth.length } : null,
    stake: sum((d) => d.stake_minor),
    stakeUnknown: cards.filter((d) => d.stake_minor === null).length,
    cost: sum((d) => d.cost_minor),
    minutes: sum((d) => d.founder_minutes),
    waiting: sum((d) => d.delay_cost_per_day_minor),
    undo,
    touches: [...new Set(cards.map((d) => d.blast_radius).filter(Boolean))],
  };
}
