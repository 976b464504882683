/** The artificial Today and its layers. */
import type { HierarchyView, Layer, LayerView, TodayView } from '../types';
import { LEDGER, PENDING } from './decisions';
import { DAY, HOUR, METRICS, NOW, TODAY, chance } from './series';
import { LEVERS } from './levers';
import { kpis } from './kpis';

const pulse = (seed: string, top: number) =>
  Array.from({ length: 14 }, (_, i) => Math.round(chance(`${seed}${i}`) * top));
const item = (text: string, more: { decision?: string; insight?: string; metric?: string } = {}) => ({
  text,
  decision: null,
  insight: null,
  metric: null,
  ...more,
});

export function layers(quiet = false): LayerView[] {
  const layer = (
    l: Layer,
    purpose: string,
    focus: LayerView['focus'],
    idle: string,
    top: number,
    pulse_of: string,
    today: number,
    asked: number,
    up: string,
    down: string,
  ): LayerView => ({
    layer: l,
    purpose,
    focus: quiet ? [] : focus,
    idle,
    pulse: quiet ? pulse(l, 0) : pulse(l, top),
    pulse_of,
    decisions_today: quiet ? 0 : today,
    asked_today: quiet ? 0 : asked,
    up: quiet ? '' : up,
    down: quiet ? '' : down,
  });
  return [
    layer(
      'sovereign',
      'creates, clones and closes businesses',
      [],
      'One business; nothing here proposes another one yet.',
      0,
      'cases',
      0,
      0,
      '',
      'limits: €20 a day, 5 cards',
    ),
    layer(
      'commander',
      'money, exposure and your attention',
      [
        item('Checkout for mobile waits for you, €37 a day', { decision: 'dec_000152' }),
        item('€0 of €20 spent alone today; 3 of 5 cards used'),
      ],
      'Nothing asks for money or attention.',
      3,
      'decisions',
      1,
      1,
      '',
      'focus: signup rate',
    ),
    layer(
      'architect',
      'edits workflows and pipelines',
      [],
      'There are no workflows to edit in this version.',
      0,
      'edits',
      0,
      0,
      '',
      '',
    ),
    layer(
      'strategist',
      'KPIs, forecasts, causes',
      [
        item('Signup rate −11.2 %: mobile explains 84 %', { insight: 'ins_000041', metric: 'signup_rate' }),
        item('Support first reply +22 %: topic export', { insight: 'ins_000042', metric: 'first_reply' }),
        item('Price of Pro: one step up is worth testing', { decision: 'dec_000150' }),
      ],
      'Every KPI is within what was expected.',
      38,
      'buckets scored',
      2,
      1,
      '2 insights, 2 decisions',
      '1 to execute',
    ),
    layer(
      'executor',
      'sends approved effects, once',
      [
        item('2 changes are being observed', { decision: 'dec_000149' }),
        item('1 effect is in doubt', { decision: 'dec_000148' }),
      ],
      'No effect is on its way.',
      6,
      'effects',
      1,
      1,
      '1 outcome',
      '',
    ),
  ];
}

export function today(args: { from?: number | null; to?: number | null }, pending = PENDING, quiet = false): TodayView {
  const moved = kpis(args).tiles.map((t) =>
    quiet
      ? {
          ...t,
          insight: null,
          note: 'within what was expected',
          spark: t.spark.slice(0, -4),
          band: t.band.slice(0, -4),
        }
      : t,
  );
  const lead = quiet
    ? 'Every KPI is within what was expected. Nothing waits for you.'
    : 'The signup rate fell 11.2 % since Thursday, most of it on mobile; switching the new checkout off for mobile is proposed and waits for you. Support replies take 22 % longer, mostly tickets about export. Everything else is within what was expected.';
  return {
    day: TODAY,
    lead,
    needs_you: pending,
    moved,
    did: quiet
      ? []
      : [
          {
            at: NOW - 31 * 60_000,
            layer: 'strategist',
            text: 'Scored 8 KPIs of the last hour',
            detail: '7 inside their band, 1 below',
            decision: null,
            insight: null,
          },
          {
            at: NOW - 4 * HOUR,
            layer: 'executor',
            text: 'Set the review prompt to note 3',
            detail: 'approved by you at 05:12; acknowledged in 0.3 s',
            decision: 'dec_000148',
            insight: null,
          },
          {
            at: NOW - 5 * HOUR,
            layer: 'strategist',
            text: 'Found the segment behind the signup drop',
            detail: 'device mobile explains 84 %',
            decision: null,
            insight: 'ins_000041',
          },
          {
            at: NOW - 9 * HOUR,
            layer: 'commander',
            text: 'Held a card back until tomorrow',
            detail: '3 of 5 cards a day are used',
            decision: 'dec_000149',
            insight: null,
          },
          {
            at: NOW - 21 * HOUR,
            layer: 'executor',
            text: 'Scored “Show annual plans first”',
            detail: 'predicted €1,290 a day, was €1,312: inside',
            decision: 'dec_000146',
            insight: null,
          },
          {
            at: NOW - 2 * DAY,
            layer: 'strategist',
            text: 'Withdrew “Shorten the welcome tour”',
            detail: 'the anomaly ended by itself',
            decision: 'dec_000145',
            insight: null,
          },
        ],
    earned: quiet
      ? null
      : {
          minor: 41_200,
          low_minor: 18_000,
          high_minor: 65_500,
          decisions: 17,
          since: Date.UTC(2026, 9, 31, 23),
          note: 'Against the forecast for doing nothing; other changes in the same weeks may have helped or hurt.',
        },
    next: [
      { at: NOW + 19 * 60_000, text: 'Scores the hour from 09:00', decision: null },
      { at: NOW + 14 * HOUR, text: 'Closes the day and looks at all KPIs', decision: null },
      { at: NOW + 2 * DAY, text: 'Scores “Raise the price of Pro by one step”', decision: 'dec_000149' },
    ],
    layers: layers(quiet),
  };
}

export function hierarchy(quiet = false): HierarchyView {
  const domains = [
    'product',
    'marketing',
    'pricing',
    'support',
    'analytics',
    'content',
    'ux',
    'sales',
    'operations',
    'ecommerce',
    'iot',
    'saas',
    'infrastructure',
  ] as const;
  const levers = LEVERS.map((l) => l.domain);
  return {
    layers: layers(quiet),
    stack: [
      { name: 'Meta-meta', on: false, text: 'Does not exist in this version.' },
      { name: 'Meta', on: false, text: 'Does not exist in this version.' },
      { name: 'System', on: true, text: 'Predictions are scored; calibration of 5 playbooks is kept.' },
      { name: 'Base', on: true, text: 'Baselines by day of week and 12 playbooks with fixed rules.' },
    ],
    domains: domains.map((domain) => ({
      domain,
      metrics: METRICS.filter((m) => m.domain === domain).length,
      levers: levers.filter((d) => d === domain).length,
      playbooks: Math.floor(chance(`pb${domain}`) * 3),
      insights_30d: quiet ? 0 : METRICS.filter((m) => m.domain === domain && m.incident).length * 3,
      decisions_30d: quiet ? 0 : LEDGER.filter((d) => d.domain === domain && d.created_at > NOW - 30 * DAY).length,
    })),
  };
}
