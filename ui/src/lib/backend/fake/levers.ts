/** Artificial levers, their readers and history, and what each protocol would serve. */
import { BackendError } from '../contract';
import type {
  LeverDetailView,
  LeverRowView,
  LeversView,
  LeverTrialView,
  LeverValue,
  LeverView,
  Protocol,
  RuleView,
  TryLeverArgs,
} from '../types';
import { DAY, HOUR, NOW } from './series';

const ALL: Protocol[] = ['ofrep', 'posthog', 'growthbook', 'unleash'];
const say = (value: LeverValue) => (typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value));

type Given = Pick<LeverRowView, 'key' | 'title' | 'kind' | 'domain' | 'value' | 'default'> & Partial<LeverRowView>;
function row(given: Given): LeverRowView {
  return {
    value_text: say(given.value),
    default_text: say(given.default),
    off: false,
    served_as: ALL,
    group: null,
    rules: [],
    random: false,
    version: 1,
    updated_at: null,
    decision: null,
    readers: 0,
    last_read_at: null,
    state: 'live',
    stale_reason: null,
    warnings: [],
    ...given,
  };
}
const rule = (given: Partial<RuleView> & Pick<RuleView, 'key' | 'name' | 'text'>): RuleView => ({
  when: null,
  share: 1,
  value: null,
  experiment: null,
  arms: [],
  slice: null,
  ...given,
});

const ROWS: LeverRowView[] = [
  row({
    key: 'new_checkout_mobile',
    title: 'New checkout on mobile',
    kind: { kind: 'boolean' },
    domain: 'product',
    value: false,
    default: false,
    rules: [
      rule({
        key: 'staff',
        name: 'Our own people',
        when: "email.endsWith('@made-up.example')",
        text: "Those with email.endsWith('@made-up.example'): on",
        value: true,
      }),
      rule({
        key: 'beta',
        name: 'Beta',
        when: "plan == 'pro' && country in ['DE', 'AT']",
        text: "20 % of those with plan == 'pro' && country in ['DE', 'AT']: on",
        share: 0.2,
        value: true,
      }),
    ],
    random: true,
    version: 7,
    updated_at: NOW - 3 * DAY,
    readers: 3,
    last_read_at: NOW - 12_000,
    warnings: [
      {
        code: 'mixed_assignment',
        text: 'posthog-js and OpenFeature both read it, and the two sort units into the 20 % differently.',
        next: 'Let one protocol serve it: served_as = ["posthog"].',
      },
    ],
  }),
  row({
    key: 'pro_price',
    title: 'Price of Pro',
    kind: { kind: 'number', min: 19, max: 49, step: 1 },
    domain: 'pricing',
    value: 29,
    default: 25,
    served_as: ['ofrep', 'growthbook'],
    rules: [
      rule({
        key: 'price_test',
        name: 'Price test',
        when: 'is_new == true',
        text: '50 % of those with is_new == true: price-2026 at random: control 29 (50 %), test 35 (50 %)',
        share: 0.5,
        experiment: 'price-2026',
        arms: [
          { key: 'control', value: 29, weight: 0.5 },
          { key: 'test', value: 35, weight: 0.5 },
        ],
        slice: { layer: 'pricing', from: 0, to: 0.5 },
      }),
    ],
    random: true,
    version: 12,
    updated_at: NOW - 40 * DAY,
    decision: 'dec_000097',
    readers: 2,
    last_read_at: NOW - 2 * 60_000,
  }),
  row({
    key: 'annual_first',
    title: 'Plan shown first',
    kind: { kind: 'variant', options: ['monthly', 'annual'] },
    domain: 'pricing',
    value: 'annual',
    default: 'monthly',
    version: 3,
    updated_at: NOW - 12 * DAY,
    decision: 'dec_000142',
    readers: 1,
    last_read_at: NOW - 4 * HOUR,
  }),
  row({
    key: 'team_seats',
    title: 'Seats a team gets before it pays',
    kind: { kind: 'number', min: 1, max: 10, step: 1 },
    domain: 'saas',
    value: 3,
    default: 3,
    group: 'company',
    served_as: ['ofrep', 'posthog', 'growthbook'],
    rules: [
      rule({
        key: 'large',
        name: 'Large companies',
        when: 'employees > 250',
        text: 'Those with employees > 250: 5',
        value: 5,
      }),
    ],
    readers: 1,
    last_read_at: NOW - 26 * 60_000,
    warnings: [
      {
        code: 'unservable',
        text: 'Unleash cannot compare numbers inside a group.',
        next: 'Leave Unleash out of served_as, or read it through OpenFeature.',
      },
    ],
  }),
  row({
    key: 'headline',
    title: 'Headline of the start page',
    kind: { kind: 'text', max_chars: 80 },
    domain: 'content',
    value: 'Notes that stay found',
    default: 'Notes that stay found',
    state: 'unread',
    warnings: [
      {
        code: 'unread',
        text: 'No product has read it since it was declared 19 days ago.',
        next: 'Add the code below to your product, or remove the lever.',
      },
    ],
  }),
  row({
    key: 'quick_export',
    title: 'Export without waiting',
    kind: { kind: 'boolean' },
    domain: 'product',
    value: true,
    default: false,
    version: 4,
    off: true,
    updated_at: NOW - 5 * HOUR,
    readers: 2,
    last_read_at: NOW - 31_000,
    state: 'killed',
  }),
  row({
    key: 'search_v2',
    title: 'New search',
    kind: { kind: 'boolean' },
    domain: 'ux',
    value: true,
    default: false,
    version: 9,
    updated_at: NOW - 96 * DAY,
    decision: 'dec_000061',
    readers: 2,
    last_read_at: NOW - 9 * 60_000,
    state: 'stale',
    stale_reason: 'It has served one value to everyone for 96 days: Remove it from the code, then from business.toml.',
    warnings: [
      {
        code: 'one_value',
        text: 'It has served one value to everyone for 96 days',
        next: 'Remove it from the code, then from business.toml.',
      },
    ],
  }),
];

/** As Connections lists them. */
export const LEVERS: LeverView[] = ROWS.map(
  ({ key, title, kind, domain, value, default: standard, updated_at, decision }) => ({
    key,
    title,
    kind,
    domain,
    value,
    default: standard,
    updated_at,
    decision,
  }),
);

export function levers(empty = false): LeversView {
  if (empty) return { levers: [], unknown_reads: [], publish: [], gateway: 'http://127.0.0.1:8787' };
  return {
    levers: structuredClone(ROWS),
    unknown_reads: [
      {
        lever: 'new_chekout_mobile',
        protocol: 'ofrep',
        client: 'OpenFeature web 0.4.3',
        key: 'website-reads',
        last_at: NOW - 8 * 60_000,
        requests: 1412,
      },
    ],
    publish: [
      {
        key: 'cdn',
        kind: 'http_put',
        place: 'cdn.example.invalid',
        health: 'healthy',
        health_text: 'Published when the levers changed last',
        version: 41,
        published_at: NOW - 5 * HOUR,
        last_error: null,
        next_at: null,
      },
      {
        key: 'repository',
        kind: 'git',
        place: '/home/sample/shop, public/features.json on main',
        health: 'failing',
        health_text: 'The push was refused',
        version: 38,
        published_at: NOW - 4 * DAY,
        last_error: 'remote: main is protected; push to another branch',
        next_at: NOW + 12 * 60_000,
      },
    ],
    gateway: 'http://127.0.0.1:8787',
  };
}

export function lever(view: LeversView, key: string): LeverDetailView {
  const found = view.levers.find((one) => one.key === key);
  if (!found) throw new BackendError('not_found', `There is no lever “${key}”`, 'Levers are listed on Levers.');
  const read = found.readers > 0;
  return {
    lever: found,
    seed: found.key,
    requires: found.key === 'team_seats' ? [{ lever: 'search_v2', is: true }] : [],
    holdout: found.random ? { key: 'global', share: 0.05 } : null,
    history: [
      ...(found.off
        ? [
            {
              at: NOW - 5 * HOUR,
              kind: 'killed',
              text: 'killed',
              from: null,
              to: null,
              actor: 'operator:9f2c41d07ab3e655',
              decision: null,
              version: 4,
            },
          ]
        : []),
      ...(found.decision
        ? [
            {
              at: found.updated_at!,
              kind: 'value',
              text: `${found.default_text} → ${found.value_text}`,
              from: found.default,
              to: found.value,
              actor: 'engine',
              decision: found.decision,
              version: found.version,
            },
          ]
        : []),
      ...(found.rules.length > 0
        ? [
            {
              at: NOW - 55 * DAY,
              kind: 'rules',
              text: `rule ${found.rules[0]!.key} added`,
              from: null,
              to: null,
              actor: 'business.toml',
              decision: null,
              version: 2,
            },
          ]
        : []),
      {
        at: NOW - 120 * DAY,
        kind: 'declared',
        text: `declared with default ${found.default_text}`,
        from: null,
        to: found.default,
        actor: 'business.toml',
        decision: null,
        version: 1,
      },
    ],
    readers: read
      ? [
          {
            protocol: 'ofrep' as const,
            client: 'OpenFeature web 0.4.3',
            key: 'website-reads',
            first_at: NOW - 60 * DAY,
            last_at: found.last_read_at!,
            requests: 48_212,
            all: true,
          },
          ...(found.readers > 1
            ? [
                {
                  protocol: 'posthog' as const,
                  client: 'posthog-js 1.449.2',
                  key: 'web',
                  first_at: NOW - 80 * DAY,
                  last_at: NOW - 40_000,
                  requests: 210_934,
                  all: true,
                },
              ]
            : []),
          ...(found.readers > 2
            ? [
                {
                  protocol: 'ofrep' as const,
                  client: '',
                  key: 'checkout-service',
                  first_at: NOW - 9 * DAY,
                  last_at: NOW - 3 * HOUR,
                  requests: 611,
                  all: false,
                },
              ]
            : []),
        ]
      : [],
    protocols: ALL.map((protocol) => {
      const served = found.served_as.includes(protocol);
      return {
        protocol,
        served,
        definition: served ? definition(found, protocol) : null,
        notes:
          protocol === 'unleash' && found.key === 'team_seats' ? ['Unleash cannot compare numbers in a group'] : [],
      };
    }),
  };
}

function definition(found: LeverRowView, protocol: Protocol): Record<string, unknown> {
  switch (protocol) {
    case 'growthbook':
      return {
        defaultValue: found.value,
        rules: found.rules.map((one) => ({
          coverage: one.share,
          force: one.value,
          hashAttribute: 'id',
          seed: one.key,
        })),
      };
    case 'posthog':
      return {
        key: found.key,
        active: !found.off,
        filters: {
          groups: found.rules.map((one) => ({ properties: [], rollout_percentage: one.share * 100 })),
          payloads: {},
        },
      };
    case 'unleash':
      return { name: found.key, enabled: !found.off, strategies: [{ name: 'default' }] };
    case 'ofrep':
      return { key: found.key, value: found.value, rules: found.rules.map((one) => one.key) };
  }
}

export function trial(view: LeversView, { key, unit, attributes }: TryLeverArgs): LeverTrialView {
  const { lever: found } = lever(view, key);
  const fits = !found.off && found.rules.length > 0 && Object.keys(attributes).length > 0;
  const results = ALL.map((protocol): LeverTrialView['results'][number] => {
    if (!found.served_as.includes(protocol))
      return {
        protocol,
        value: null,
        value_text: '',
        variant: null,
        reason: null,
        rule: null,
        experiment: null,
        propensity: null,
        problem: 'not in served_as',
      };
    const first = found.rules.at(-1);
    const split = fits && first !== undefined && protocol !== 'posthog';
    const value = found.off
      ? found.default
      : split
        ? (first.value ?? first.arms[1]?.value ?? found.value)
        : found.value;
    return {
      protocol,
      value,
      value_text: say(value),
      variant: split ? (first.arms[1]?.key ?? first.key) : null,
      reason: found.off ? 'off' : split ? 'split' : 'static',
      rule: split ? first.key : null,
      experiment: split ? first.experiment : null,
      propensity: split ? first.share * (first.arms[1]?.weight ?? 1) : null,
      problem: null,
    };
  });
  const values = results.filter((one) => one.value !== null).map((one) => JSON.stringify(one.value));
  return { key, unit, results, agree: new Set(values).size <= 1 };
}
