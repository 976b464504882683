// Geometry of the page's small charts: scales that one wild first look does not crush, ticks, labels. Pure.
import type { DayCount, Interval, Reading } from '$lib/backend';

export interface Span {
  low: number;
  high: number;
}

/** A span that holds 0 and the usual size of these intervals; what is larger runs out of it and is marked as such. */
export function robustSpan(all: Interval[], also: number[] = [], room = 1.6): Span {
  if (all.length === 0 && also.length === 0) return { low: -1, high: 1 };
  const reach = all.map((one) => Math.max(Math.abs(one.low), Math.abs(one.high))).sort((a, b) => a - b);
  const usual = reach[Math.floor((reach.length - 1) / 2)] ?? 0;
  const most = Math.max(usual * room, ...also.map(Math.abs), ...all.map((one) => Math.abs(one.middle)), 1e-9);
  const low = Math.max(-most, Math.min(0, ...all.map((one) => one.low), ...also));
  const high = Math.min(most, Math.max(0, ...all.map((one) => one.high), ...also));
  const pad = (high - low || 1) * 0.06;
  return { low: low - pad, high: high + pad };
}

/** Round values within a span, about `count` of them. */
export function ticks({ low, high }: Span, count = 5): number[] {
  const width = high - low;
  if (!(width > 0) || !Number.isFinite(width)) return [];
  const raw = width / Math.max(1, count);
  const size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * size).find((s) => s >= raw) ?? 10 * size;
  const out: number[] = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-9 && out.length < 20; at += step)
    out.push(Math.abs(at) < step * 1e-9 ? 0 : at);
  return out;
}

export const scale =
  ({ low, high }: Span, from: number, to: number) =>
  (value: number): number =>
    from + ((value - low) / (high - low || 1)) * (to - from);

/** Labels moved apart so that none covers another: positions in the order given. */
export function spread(wanted: number[], gap: number, low: number, high: number): number[] {
  const order = wanted.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y);
  for (let i = 1; i < order.length; i += 1) order[i]!.y = Math.max(order[i]!.y, order[i - 1]!.y + gap);
  let limit = high;
  for (let i = order.length - 1; i >= 0; i -= 1) {
    order[i]!.y = Math.max(low, Math.min(order[i]!.y, limit));
    limit = order[i]!.y - gap;
  }
  const out = new Array<number>(wanted.length).fill(0);
  for (const { y, i } of order) out[i] = y;
  return out;
}

/** New units per look, where days are no longer counted: what each look saw more than the one before. */
export function perLook(readings: Reading[]): DayCount[] {
  return readings.map((one, i) => ({
    day: one.at,
    units: one.units.map((count, arm) => Math.max(0, count - (readings[i - 1]?.units[arm] ?? 0))),
  }));
}

/** Readings as a chart can hold them: all of the last ones, and evenly chosen earlier ones. */
export function thin(readings: Reading[], most: number): Reading[] {
  if (readings.length <= most) return readings;
  const step = readings.length / most;
  const chosen = new Set(Array.from({ length: most }, (_, i) => Math.floor((i + 1) * step) - 1));
  return readings.filter((_, i) => chosen.has(i));
}
