/** Artificial reports and settings. */
import type { ReportsView, SettingsView } from '../types';
import { DAY, NOW } from './series';

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

const EFFECTS: SettingsView['business']['effects'] = [
  {
    key: 'support_desk',
    title: 'Support desk',
    kind: 'webhook',
    url: 'https://hooks.example.invalid/desk',
    allow_private: false,
    idempotent: true,
    domain: 'support',
    reversibility: 'R1',
    cost_minor: 0,
  },
  {
    key: 'newsletter',
    title: 'Newsletter',
    kind: 'mail',
    host: 'mail.example.invalid',
    port: 587,
    tls: 'starttls',
    user: 'news',
    from: 'news@example.invalid',
    to: ['subscribers@example.invalid'],
    allow_private: false,
    domain: 'marketing',
    reversibility: 'R3',
    cost_minor: 400,
  },
  {
    key: 'drafts',
    title: 'Drafts',
    kind: 'file',
    path: 'drafts/{date}.md',
    append: false,
    domain: 'content',
    reversibility: 'R0',
    cost_minor: 0,
  },
];

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
      effects: EFFECTS,
      guardrails: [{ metric: 'refund_rate', absolute: 0.005, relative: null }],
      limits,
      policy,
      sources: [],
      publish: [],
      playbooks_off: ['quiet_hours'],
      experiments: [],
      experimenting: {
        autonomous: true,
        alpha: 0.05,
        power: 0.8,
        false_discoveries: 0.05,
        days_max: 60,
        running_max: 5,
        self_audit: 0.05,
      },
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
