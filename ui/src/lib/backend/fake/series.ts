/** Artificial series: the same numbers on every start, with a weekly rhythm and one incident. */
import type { BandPoint, Grain, MetricBrief, Point, Series } from '../types';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** The fake's clock stands at 09:41:12 in Berlin on 22 November 2026. */
export const NOW = Date.UTC(2026, 10, 22, 8, 41, 12);
export const TODAY = Date.UTC(2026, 10, 21, 23);
export const FIRST = TODAY - 400 * DAY;

/** A number in 0..1 out of any text. */
export function chance(seed: string): number {
  let hash = 2166136261;
  for (let i = 0; i < seed.length; i += 1) hash = Math.imul(hash ^ seed.charCodeAt(i), 16777619);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 2246822507);
  hash ^= hash >>> 13;
  return ((hash >>> 0) % 100_000) / 100_000;
}
const bell = (seed: string) => chance(`${seed}a`) + chance(`${seed}b`) + chance(`${seed}c`) - 1.5;

export interface Recipe extends MetricBrief {
  level: number;
  /** Growth per day, share of the level. */
  slope: number;
  weekly: number;
  noise: number;
  /** Share lost (or won) over the last days. */
  incident?: { days: number; by: number };
  events: number;
}

const width = (grain: Grain) =>
  grain === 'hour' ? HOUR : grain === 'day' ? DAY : grain === 'week' ? 7 * DAY : 30 * DAY;
const additive = (m: Recipe) => m.format === 'integer' || (m.format === 'money' && m.key === 'revenue');

function expectedAt(m: Recipe, at: number): number {
  const day = (at - TODAY) / DAY;
  const weekday = new Date(at + HOUR).getUTCDay();
  const rhythm = weekday === 0 || weekday === 6 ? 1 - m.weekly : 1 + m.weekly * 0.4;
  return m.level * (1 + m.slope * day) * rhythm;
}

function valueAt(m: Recipe, at: number, salt = ''): number {
  const noise = 1 + m.noise * bell(`${m.key}${salt}${Math.round(at / HOUR)}`);
  const incident = m.incident && at >= TODAY - m.incident.days * DAY ? 1 + m.incident.by : 1;
  return expectedAt(m, at) * noise * incident;
}

const point = (m: Recipe, start: number, value: number): Point => {
  const events = Math.max(1, Math.round(m.events * (0.8 + 0.4 * chance(`${m.key}${start}`))));
  return m.format === 'percent'
    ? { start, value, numerator: Math.round(value * events), denominator: events, events }
    : { start, value, numerator: value, denominator: 1, events };
};

export function series(
  m: Recipe,
  from: number,
  to: number,
  grain: Grain,
  segment: string | null = null,
  share = 1,
): Series {
  const step = width(grain);
  const points: Point[] = [];
  const aligned = TODAY - Math.ceil((TODAY - from) / step) * step;
  const scale = additive(m) ? (step / DAY) * share : share === 1 ? 1 : 0.7 + share;
  for (let at = aligned; at < to && at <= NOW; at += step) {
    const open = at + step > NOW ? (NOW - at) / step : 1;
    points.push(point(m, at, valueAt(m, at, segment ?? '') * scale * (additive(m) ? open : 1)));
  }
  const sum = points.reduce((t, p) => t + (p.value ?? 0), 0);
  const total = points.length === 0 ? null : additive(m) ? sum : sum / points.length;
  return {
    metric: m.key,
    segment,
    grain,
    points,
    total: {
      start: from,
      value: total,
      numerator: sum,
      denominator: additive(m) ? 1 : points.length,
      events: points.reduce((t, p) => t + p.events, 0),
    },
  };
}

export function band(m: Recipe, from: number, to: number, grain: Grain): BandPoint[] {
  const step = width(grain);
  const scale = additive(m) ? step / DAY : 1;
  return series(m, from, to, grain).points.map((p) => {
    const p50 = expectedAt(m, p.start) * scale;
    const half = Math.abs(p50) * m.noise * 0.7;
    const open = p.start + step > NOW;
    return {
      start: p.start,
      p10: p50 - half,
      p50,
      p90: p50 + half,
      score: open || p.value === null ? 0 : ((p.value - p50) / (half || 1)) * 1.28,
    };
  });
}

const metric = (m: Partial<Recipe> & Pick<Recipe, 'key' | 'title' | 'level'>): Recipe => ({
  format: 'number',
  unit: null,
  better: 'up',
  domain: 'product',
  segments: ['country', 'device'],
  grain: 'day',
  definition: '',
  slope: 0.0008,
  weekly: 0.12,
  noise: 0.09,
  events: 1800,
  ...m,
});

export const METRICS: Recipe[] = [
  metric({
    key: 'signup_rate',
    title: 'Signup rate',
    level: 0.0453,
    format: 'percent',
    unit: 'visitor',
    weekly: 0.02,
    noise: 0.06,
    slope: 0.0002,
    incident: { days: 3, by: -0.13 },
    definition: 'visitors with a signup within 7 days, out of visitors with a visit',
  }),
  metric({
    key: 'revenue',
    title: 'Revenue',
    level: 1240,
    format: 'money',
    unit: 'order',
    domain: 'sales',
    definition: 'sum of amount over order',
    events: 64,
    noise: 0.14,
  }),
  metric({
    key: 'mrr',
    title: 'Monthly recurring revenue',
    level: 14_310,
    format: 'money',
    domain: 'saas',
    weekly: 0,
    noise: 0.006,
    slope: 0.0012,
    definition: 'sum(subscription.amount) / 1 month',
  }),
  metric({
    key: 'visits',
    title: 'Visitors',
    level: 1830,
    format: 'integer',
    unit: 'visitor',
    domain: 'marketing',
    definition: 'distinct visitors with a visit',
    noise: 0.1,
  }),
  metric({
    key: 'refund_rate',
    title: 'Refund rate',
    level: 0.0142,
    format: 'percent',
    unit: 'order',
    better: 'down',
    domain: 'operations',
    weekly: 0,
    noise: 0.12,
    slope: 0,
    definition: 'refund over order',
    events: 64,
  }),
  metric({
    key: 'first_reply',
    title: 'Support first reply',
    level: 9300,
    format: 'duration',
    unit: 'ticket',
    better: 'down',
    domain: 'support',
    noise: 0.1,
    incident: { days: 2, by: 0.22 },
    definition: 'median of seconds over reply',
    events: 41,
    segments: ['topic'],
  }),
  metric({
    key: 'activation_d7',
    title: 'Activation, day 7',
    level: 0.311,
    format: 'percent',
    unit: 'account',
    weekly: 0.01,
    noise: 0.04,
    definition: 'accounts with 3 notes within 7 days, out of accounts with a signup',
    events: 82,
  }),
  metric({
    key: 'order_value',
    title: 'Order value',
    level: 19.4,
    format: 'money',
    unit: 'order',
    domain: 'pricing',
    weekly: 0.02,
    noise: 0.05,
    definition: 'sum of amount over order, per order',
    events: 64,
  }),
];

export const metricByKey = (key: string): Recipe | undefined => METRICS.find((m) => m.key === key);
export const brief = ({
  key,
  title,
  format,
  unit,
  better,
  domain,
  segments,
  grain,
  definition,
}: Recipe): MetricBrief => ({ key, title, format, unit, better, domain, segments, grain, definition });
