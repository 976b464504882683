/** Artificial KPIs, their rows and findings. */
import type { Insight, KpiTile, KpiView, KpisView, RowsArgs, RowsView, KpiArgs } from '../types';
import { INSIGHTS, LEDGER, hex } from './decisions';
import { DAY, FIRST, METRICS, NOW, TODAY, band, brief, chance, metricByKey, series, type Recipe } from './series';

const NOTES: Record<string, string> = {
  signup_rate: 'device mobile explains 84 % of the drop, country DE 55 %',
  first_reply: 'topic export explains 71 % of it',
  mrr: 'on course: growing 3.6 % a month',
};

export function range(args: { from?: number | null; to?: number | null }): { from: number; to: number } {
  const to = args.to ?? TODAY + DAY;
  return { from: args.from ?? to - 28 * DAY, to };
}

function tile(m: Recipe, from: number, to: number): KpiTile {
  const now = series(m, from, to, 'day');
  const before = series(m, from - (to - from), from, 'day');
  const value = now.total.value;
  const previous = before.total.value;
  const insight = INSIGHTS.find((i) => i.metric === m.key && i.kind === 'anomaly') ?? null;
  return {
    metric: brief(m),
    value,
    previous,
    change: value !== null && previous ? (value - previous) / Math.abs(previous) : null,
    spark: now.points.slice(-60),
    band: band(m, from, to, 'day').slice(-60),
    insight,
    note: NOTES[m.key] ?? 'within what was expected',
    goal: m.key === 'mrr' ? { target: 20_000, by: Date.UTC(2027, 2, 31), reached: false } : null,
  };
}

export function kpis(args: { from?: number | null; to?: number | null }): KpisView {
  const { from, to } = range(args);
  const tiles = METRICS.map((m) => tile(m, from, to)).sort(
    (a, b) => Number(b.insight !== null) - Number(a.insight !== null),
  );
  return { from, to, tiles, first_event_at: FIRST, last_event_at: NOW - 2000 };
}

const VALUES: Record<string, string[]> = {
  country: ['DE', 'AT', 'CH', 'FR', 'NL', 'US', 'GB', '(none)'],
  device: ['mobile', 'desktop', 'tablet'],
  topic: ['export', 'billing', 'login', '(other)'],
};

export function kpi(args: KpiArgs): KpiView | undefined {
  const m = metricByKey(args.metric);
  if (!m) return undefined;
  const { from, to } = range(args);
  const grain = args.grain ?? (to - from <= 2 * DAY ? 'hour' : to - from > 200 * DAY ? 'week' : 'day');
  const insights = INSIGHTS.filter((i) => i.metric === m.key);
  const decisions = LEDGER.filter(
    (d) => d.prediction.metric === m.key && d.created_at >= from && d.created_at < to,
  ).slice(0, 12);
  return {
    metric: brief(m),
    series: series(m, from, to, grain),
    previous: series(m, from - (to - from), from, grain),
    band: band(m, from, to, grain),
    by: args.by ? (VALUES[args.by] ?? []).map((v, i) => series(m, from, to, grain, v, 0.42 / (i + 1))) : [],
    others: args.by === 'country' ? 23 : 0,
    insights,
    annotations: [
      ...insights.map((i) => ({
        at: i.from,
        kind: 'anomaly',
        text: i.headline,
        decision: i.decisions[0] ?? null,
        insight: i.id,
      })),
      ...decisions.map((d) => ({
        at: d.created_at,
        kind: 'decision',
        text: d.headline,
        decision: d.id,
        insight: null,
      })),
    ],
    goal: m.key === 'mrr' ? { target: 20_000, by: Date.UTC(2027, 2, 31), reached: false } : null,
  };
}

export function rows(args: Partial<RowsArgs> & { from: number; to: number }): RowsView {
  const start = Number(args.cursor ?? 0);
  const limit = args.limit ?? 100;
  const total = 640;
  return {
    rows: Array.from({ length: Math.max(0, Math.min(limit, total - start)) }, (_, i) => {
      const n = start + i;
      const time = Math.min(args.to, NOW) - Math.round(((args.to - args.from) / total) * n);
      return {
        id: hex(`row${n}`, 24),
        time,
        received: time + 340,
        name: args.event ?? (n % 9 === 0 ? 'signup' : 'visit'),
        unit: `visitor-${Math.floor(chance(`u${n}`) * 9000)}`,
        source: n % 5 === 0 ? 'orders' : 'web',
        props: {
          country: VALUES.country![n % 7],
          device: VALUES.device![n % 3],
          amount: Math.round(chance(`amount${n}`) * 9000) / 100,
          ...(args.segment ? { [args.segment[0]]: args.segment[1] } : {}),
        },
      };
    }),
    cursor: start + limit < total ? String(start + limit) : null,
    total,
  };
}

export const insights: Insight[] = INSIGHTS;
