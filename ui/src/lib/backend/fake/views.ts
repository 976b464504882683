/** Artificial answers of the other reads. */
import type {
  ConnectionsView,
  HierarchyView,
  ImportPreviewView,
  Insight,
  KpiTile,
  KpiView,
  KpisView,
  Layer,
  LayerView,
  ReportsView,
  RowsArgs,
  RowsView,
  SettingsView,
  KpiArgs,
  TodayView,
} from '../types';
import { INSIGHTS, LEDGER, PENDING, hex } from './decisions';
import { DAY, FIRST, HOUR, METRICS, NOW, TODAY, band, brief, chance, metricByKey, series, type Recipe } from './series';

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

const LEVERS: ConnectionsView['levers'] = [
  {
    key: 'pro_price',
    title: 'Price of Pro',
    kind: { kind: 'number', min: 19, max: 49, step: 1 },
    domain: 'pricing',
    value: 29,
    default: 29,
    updated_at: NOW - 40 * DAY,
    decision: 'dec_000097',
  },
  {
    key: 'new_checkout_mobile',
    title: 'New checkout on mobile',
    kind: { kind: 'boolean' },
    domain: 'product',
    value: true,
    default: false,
    updated_at: NOW - 3 * DAY,
    decision: null,
  },
  {
    key: 'annual_first',
    title: 'Plan shown first',
    kind: { kind: 'variant', options: ['monthly', 'annual'] },
    domain: 'pricing',
    value: 'annual',
    default: 'monthly',
    updated_at: NOW - 12 * DAY,
    decision: 'dec_000142',
  },
  {
    key: 'headline',
    title: 'Headline of the start page',
    kind: { kind: 'text', max_chars: 80 },
    domain: 'content',
    value: 'Notes that stay found',
    default: 'Notes that stay found',
    updated_at: null,
    decision: null,
  },
];

export function connections(empty = false): ConnectionsView {
  const base = {
    gateway: 'http://127.0.0.1:8787',
    rejections: [],
    rejected_total: 0,
    levers: [],
    events: [],
    sinks: [],
    sources: [],
    keys: [],
  } satisfies ConnectionsView;
  if (empty) return base;
  const key = `ek_${hex('key', 24)}`;
  return {
    ...base,
    sources: [
      {
        key: 'web',
        title: 'Website',
        kind: 'sdk',
        place: 'http://127.0.0.1:8787',
        health: 'healthy',
        health_text: 'An event every 2 s',
        accepted: 1_284_310,
        duplicates: 412,
        rejected: 9,
        last_event_at: NOW - 2000,
        last_received_at: NOW - 1700,
        last_error: null,
      },
      {
        key: 'orders',
        title: 'Order exports',
        kind: 'folder',
        place: '/home/sample/made-up/exports',
        health: 'stale',
        health_text: 'No new file for 3 days; one a day is usual',
        accepted: 25_610,
        duplicates: 25_610,
        rejected: 31,
        last_event_at: NOW - 3 * DAY,
        last_received_at: NOW - 3 * DAY,
        last_error: null,
      },
      {
        key: 'tickets',
        title: 'Support tickets',
        kind: 'folder',
        place: '/home/sample/made-up/tickets',
        health: 'failing',
        health_text: 'The newest file cannot be read',
        accepted: 9120,
        duplicates: 0,
        rejected: 122,
        last_event_at: NOW - 9 * HOUR,
        last_received_at: NOW - 9 * HOUR,
        last_error: 'tickets-47.csv: line 12 has 9 fields, the header has 8',
      },
      {
        key: 'billing',
        title: 'Billing',
        kind: 'sdk',
        place: 'http://127.0.0.1:8787',
        health: 'waiting',
        health_text: 'No event yet',
        accepted: 0,
        duplicates: 0,
        rejected: 0,
        last_event_at: null,
        last_received_at: null,
        last_error: null,
      },
    ],
    sinks: [
      {
        key: 'support_desk',
        title: 'Support desk',
        place: 'hooks.example.invalid',
        health: 'healthy',
        health_text: 'Answered 2 h ago',
        sent: 12,
        failed: 1,
        has_secret: true,
      },
    ],
    keys: [
      {
        name: 'website',
        kind: 'write',
        value: key,
        created_at: NOW - 90 * DAY,
        last_used_at: NOW - 2000,
        revoked: false,
        snippets: [
          {
            title: 'Browser',
            language: 'html',
            code: `<script>\n  posthog.init('${key}', { api_host: 'http://127.0.0.1:8787' })\n</script>`,
          },
          {
            title: 'curl',
            language: 'sh',
            code: `curl http://127.0.0.1:8787/v1/track -u ${key}: -d '{"event":"signup"}'`,
          },
        ],
      },
      {
        name: 'dashboards',
        kind: 'read',
        value: 'er_••••••••4f1c',
        created_at: NOW - 20 * DAY,
        last_used_at: null,
        revoked: false,
        snippets: [],
      },
      {
        name: 'old website',
        kind: 'write',
        value: 'ek_••••••••09aa',
        created_at: NOW - 200 * DAY,
        last_used_at: NOW - 91 * DAY,
        revoked: true,
        snippets: [],
      },
    ],
    events: ['visit', 'signup', 'order', 'refund', 'reply'].map((name, i) => ({
      name,
      count: Math.round(900_000 / (i * 9 + 1)),
      first_at: FIRST,
      last_at: NOW - 2000 * (i + 1),
      metrics: METRICS.filter((m) => m.definition.includes(name)).map((m) => m.key),
      props: [
        { name: 'country', kind: 'text', samples: ['DE', 'AT', 'CH'] },
        { name: 'device', kind: 'text', samples: ['mobile', 'desktop'] },
        ...(name === 'order' ? [{ name: 'amount', kind: 'number', samples: ['19.00', '29.00'] }] : []),
      ],
    })),
    rejections: Array.from({ length: 14 }, (_, i) => ({
      at: NOW - i * 3 * HOUR,
      source: i % 3 ? 'tickets' : 'web',
      position: 12 + i * 7,
      code: 'event_invalid',
      reason: i % 2 ? 'time is empty' : 'line has 9 fields, the header has 8',
      raw: `2026-11-2${i % 3},reply,"export, Word",${i}`,
    })),
    rejected_total: 162,
    levers: LEVERS,
  };
}

export function preview(path: string): ImportPreviewView {
  return {
    path,
    bytes: 45_580_638,
    format: 'CSV, comma, UTF-8, header in line 1',
    rows_estimate: 541_909,
    columns: [
      { name: 'InvoiceNo', kind: 'text', samples: ['536365', '536366', 'C536379'], used_as: 'invoice' },
      { name: 'Quantity', kind: 'number', samples: ['6', '8', '-1'], used_as: 'quantity' },
      { name: 'InvoiceDate', kind: 'time', samples: ['12/1/2010 8:26', '12/1/2010 8:28'], used_as: 'time' },
      { name: 'UnitPrice', kind: 'number', samples: ['2.55', '3.39'], used_as: 'price' },
      { name: 'CustomerID', kind: 'text', samples: ['17850', '13047'], used_as: 'unit' },
      { name: 'Country', kind: 'text', samples: ['United Kingdom', 'France'], used_as: 'country' },
    ],
    mapping: {
      event: "'order'",
      time: 'InvoiceDate',
      unit: 'CustomerID',
      id: null,
      props: { amount: 'Quantity * UnitPrice', invoice: 'InvoiceNo', country: 'Country' },
      only_mapped: true,
      time_format: '%m/%d/%Y %H:%M',
      timezone: null,
      delimiter: ',',
      encoding: 'utf-8',
      decimal: '.',
      sheet: null,
    },
    reasons: [
      '“InvoiceDate” is the only column whose values are all times.',
      '“CustomerID” repeats and is called an id, so it names the unit.',
      '“Quantity” and “UnitPrice” multiply to an amount.',
    ],
    events: Array.from({ length: 10 }, (_, i) => ({
      id: hex(`pre${i}`, 24),
      time: Date.UTC(2010, 11, 1, 8, 26 + i),
      received: NOW,
      name: 'order',
      unit: String(17850 - i * 13),
      source: 'import',
      props: { amount: 15.3 + i, invoice: String(536365 + i), country: i % 4 ? 'United Kingdom' : 'France' },
    })),
    problems: [
      {
        code: 'event_invalid',
        message: '25 % of the rows have no customer',
        hint: 'They count in sums, not in unique customers.',
        line: null,
      },
    ],
    metrics_suggested: [
      {
        key: 'revenue',
        title: 'Revenue',
        toml: '[[metric]]\nkey = "revenue"\nkind = "sum"\nevent = "order"\nvalue = "amount"\nformat = "money"\n',
        why: '“amount” is money and every row has it.',
      },
      {
        key: 'customers',
        title: 'Customers',
        toml: '[[metric]]\nkey = "customers"\nkind = "unique"\nevent = "order"\n',
        why: 'Rows name a customer.',
      },
    ],
  };
}

export const reports = (empty = false): ReportsView => ({
  folder: '/home/sample/made-up/reports',
  reports: empty
    ? []
    : (['pdf', 'xlsx', 'html', 'csv'] as const).map((format, i) => ({
        path: `/home/sample/made-up/reports/week-${47 - i}.${format}`,
        name: `week-${47 - i}.${format}`,
        format,
        bytes: 184_000 - i * 31_000,
        at: NOW - i * 7 * DAY,
      })),
});

export function settings(): SettingsView {
  const toml =
    '[business]\nname = "Made-up Notes"\ncurrency = "EUR"\ntimezone = "Europe/Berlin"\n\n# The share of visitors that sign up.\n[[metric]]\nkey = "signup_rate"\nkind = "proportion"\nnumerator = { event = "signup", within = "7d" }\ndenominator = { event = "visit" }\nformat = "percent"\n';
  const policy: SettingsView['policy'] = [
    { name: 'ask-r3', levels: [], reversibility: ['R3'], domains: [], stake_at_most_minor: null, answer: 'ask' },
    {
      name: 'run-small',
      levels: ['operational', 'tactical'],
      reversibility: ['R0', 'R1'],
      domains: [],
      stake_at_most_minor: 2000,
      answer: 'run',
    },
    {
      name: 'ask-strategic',
      levels: ['strategic', 'sovereign'],
      reversibility: [],
      domains: [],
      stake_at_most_minor: null,
      answer: 'ask',
    },
    {
      name: 'deny-infrastructure',
      levels: [],
      reversibility: [],
      domains: ['infrastructure'],
      stake_at_most_minor: null,
      answer: 'deny',
    },
  ];
  const limits = { autonomous_spend_per_day_minor: 2000, exposure_per_decision: 0.1, cards_per_day: 5 };
  return {
    business: {
      name: 'Made-up Notes',
      currency: 'EUR',
      currency_digits: 2,
      timezone: 'Europe/Berlin',
      metrics: [],
      goals: [{ metric: 'mrr', target: 20_000, by: Date.UTC(2027, 2, 31) }],
      levers: [],
      effects: [],
      guardrails: [{ metric: 'refund_rate', absolute: 0.005, relative: null }],
      limits,
      policy,
      sources: [],
      playbooks_off: ['quiet_hours'],
    },
    toml,
    problems: [],
    policy,
    limits,
    playbooks: [
      {
        key: 'recover_conversion',
        title: 'Recover conversion',
        domain: 'product',
        when: 'signup rate is below its band for 2 days',
        then: 'switch off the lever changed last',
        usable: true,
        missing: '',
        on: true,
      },
      {
        key: 'price_step',
        title: 'Price step',
        domain: 'pricing',
        when: 'order value below €19 for 7 days',
        then: 'raise the price by one step',
        usable: true,
        missing: '',
        on: true,
      },
      {
        key: 'support_alert',
        title: 'Support alert',
        domain: 'support',
        when: 'first reply is above its band',
        then: 'post to the support desk',
        usable: true,
        missing: '',
        on: true,
      },
      {
        key: 'stock_alert',
        title: 'Stock alert',
        domain: 'ecommerce',
        when: 'stock below 10',
        then: 'post to the buyer',
        usable: false,
        missing: 'a metric “stock” and an effect “buyer”',
        on: true,
      },
      {
        key: 'quiet_hours',
        title: 'Quiet hours',
        domain: 'marketing',
        when: 'mails opened at night',
        then: 'send later',
        usable: true,
        missing: '',
        on: false,
      },
    ],
    operator_key: '9f2c41d07ab3e655',
    folder: '/home/sample/made-up',
    database_bytes: 412_300_288,
    checks: [
      { name: 'Database is whole', ok: true, detail: 'integrity check passed 3 h ago', hint: '' },
      { name: 'Journal chain', ok: true, detail: '3,412 rows, unbroken', hint: '' },
      { name: 'Aggregates match the log', ok: true, detail: 'rebuilt 2 d ago, identical', hint: '' },
      { name: 'Last backup', ok: false, detail: '9 days ago', hint: 'Make a backup now.' },
    ],
    backups: [{ path: '/home/sample/backups/made-up-2026-11-13.tar', at: NOW - 9 * DAY, bytes: 398_000_000 }],
  };
}

export const insights: Insight[] = INSIGHTS;
