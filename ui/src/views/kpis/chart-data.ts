// Turns a KPI's answer into the columns a chart draws, and moves its window. Pure: no chart library, no screen.
import type { Annotation, BandPoint, Grain, KpiView, Point } from '$lib/backend/types';

/** Columns of equal length; times in seconds because that is what the chart's axis takes. */
export interface Columns {
  time: number[];
  actual: (number | null)[];
  low: (number | null)[];
  middle: (number | null)[];
  high: (number | null)[];
  /** The range before, laid over this one bucket by bucket. */
  previous: (number | null)[];
  /** Where each previous point truly lies (ms), for the legend. */
  previousStart: (number | null)[];
}

/** A visible part of the chart, in seconds. */
export interface Window {
  from: number;
  to: number;
}

/** Lays actual, band and previous period over the same buckets. Band points without a bucket extend the axis (the forecast). */
export function columns(view: Pick<KpiView, 'series' | 'previous' | 'band'>): Columns {
  const band = new Map<number, BandPoint>(view.band.map((point) => [point.start, point]));
  const points = new Map<number, Point>(view.series.points.map((point) => [point.start, point]));
  const last = view.series.points.at(-1)?.start ?? -Infinity;
  const ahead = view.band.filter((point) => point.start > last && !points.has(point.start)).map((point) => point.start);
  const starts = [...view.series.points.map((point) => point.start), ...ahead.sort((a, b) => a - b)];
  const offset = view.previous.points.length - view.series.points.length;
  const before = (index: number): Point | undefined =>
    // Calendar ranges may differ by a bucket (31 against 30 days): the ends are laid over each other.
    index < view.series.points.length ? view.previous.points[index + offset] : undefined;
  return {
    time: starts.map((start) => start / 1000),
    actual: starts.map((start) => points.get(start)?.value ?? null),
    low: starts.map((start) => band.get(start)?.p10 ?? null),
    middle: starts.map((start) => band.get(start)?.p50 ?? null),
    high: starts.map((start) => band.get(start)?.p90 ?? null),
    previous: starts.map((_, index) => before(index)?.value ?? null),
    previousStart: starts.map((_, index) => before(index)?.start ?? null),
  };
}

/** Grains a KPI may be shown in: its own and coarser ones. */
export function grains(own: Grain): Grain[] {
  const all: Grain[] = ['hour', 'day', 'week', 'month'];
  return all.slice(all.indexOf(own));
}

/** The end of a bucket: the next bucket's start, or the typical width after the last. */
export function bucketEnd(starts: number[], index: number, grain: Grain): number {
  const width = { hour: 3600, day: 86_400, week: 604_800, month: 2_629_800 }[grain];
  const next = starts[index + 1];
  return next ?? (starts[index] ?? 0) + width;
}

/** The whole axis, a bucket wide at least. */
export function whole(time: number[]): Window {
  const from = time[0] ?? 0;
  const to = time.at(-1) ?? from;
  return to > from ? { from, to } : { from: from - 43_200, to: from + 43_200 };
}

function clamp(window: Window, bounds: Window, least: number): Window {
  const span = Math.min(Math.max(window.to - window.from, least), bounds.to - bounds.from);
  const from = Math.min(Math.max(window.from, bounds.from), bounds.to - span);
  return { from, to: from + span };
}

/** Zooms around a point: `factor` below 1 shows less. Never beyond the axis, never below three buckets. */
export function zoom(window: Window, bounds: Window, factor: number, at: number, buckets: number): Window {
  const least = (3 * (bounds.to - bounds.from)) / Math.max(buckets - 1, 3);
  const from = at - (at - window.from) * factor;
  return clamp({ from, to: from + (window.to - window.from) * factor }, bounds, least);
}

/** Moves by a share of the visible span (positive is later). */
export function pan(window: Window, bounds: Window, share: number): Window {
  const span = window.to - window.from;
  return clamp({ from: window.from + span * share, to: window.to + span * share }, bounds, span);
}

/** Index of the bucket nearest to a time, or -1 for an empty axis. */
export function nearest(time: number[], at: number): number {
  let best = -1;
  let distance = Infinity;
  for (const [index, start] of time.entries()) {
    const away = Math.abs(start - at);
    if (away < distance) [best, distance] = [index, away];
  }
  return best;
}

/** Marks that lie on the same spot of the screen, most important first. */
export interface MarkCluster {
  x: number;
  marks: Annotation[];
}

const RANK: Record<string, number> = { anomaly: 0, decision: 1, outcome: 2, lever: 3 };

/** Joins marks closer than `least` pixels, so that none hides another. `place` gives the x of a time, or `null` outside the window. */
export function cluster(marks: Annotation[], place: (at: number) => number | null, least: number): MarkCluster[] {
  const clusters: MarkCluster[] = [];
  for (const annotation of [...marks].sort((a, b) => a.at - b.at)) {
    const x = place(annotation.at);
    if (x === null) continue;
    const last = clusters.at(-1);
    if (last && x - last.x < least) last.marks.push(annotation);
    else clusters.push({ x, marks: [annotation] });
  }
  for (const found of clusters) found.marks.sort((a, b) => (RANK[a.kind] ?? 9) - (RANK[b.kind] ?? 9));
  return clusters;
}

/** The address of the card a mark opens; `null` when it has none (a lever changed outside). */
export function cardOf(annotation: Annotation): string | null {
  return annotation.decision;
}
