/** Artificial experiments in every state, their looks, the portfolio, and what checking a new one answers. */
import { BackendError } from '../contract';
import type {
  AskExperimentArgs,
  Days,
  Experiment,
  Decision,
  ExperimentCheckView,
  ExperimentDesign,
  ExperimentEffect,
  ExperimentGate,
  ExperimentLever,
  ExperimentRow,
  ExperimentSpec,
  ExperimentStep,
  ExperimentView,
  ExperimentsView,
  GateKind,
  Interval,
  LeverValue,
  MetricBrief,
  Reading,
} from '../types';
import { levers } from './levers';
import { PORTFOLIO } from './portfolio';
import { DAY, HOUR, METRICS, NOW, TODAY, chance } from './series';

const bell = (seed: string) => chance(`${seed}x`) + chance(`${seed}y`) + chance(`${seed}z`) - 1.5;

const spec = (given: Partial<ExperimentSpec> & Pick<ExperimentSpec, 'key' | 'title' | 'metric'>): ExperimentSpec => ({
  hypothesis: '',
  origin: 'engine',
  purpose: 'decide',
  lever: null,
  arms: [
    { key: 'control', value: false, weight: 0.5 },
    { key: 'test', value: true, weight: 0.5 },
  ],
  secondary: [],
  guardrails: [],
  exposure: { event: '$feature_flag_called', arm: '$feature_flag_response', filter: null },
  audience: null,
  share: 1,
  slice: null,
  group: null,
  from: null,
  until: null,
  mde: null,
  cap: null,
  hypothesis_id: null,
  parent: null,
  ...given,
});

const days = (p50: number, spread = 0.25): Days => ({
  p10: Math.max(1, Math.round(p50 * (1 - spread))),
  p50,
  p90: Math.round(p50 * (1 + spread * 1.4)),
});

export function design(given: Partial<ExperimentDesign> & { length: number; baseline: number }): ExperimentDesign {
  const { length, ...rest } = given;
  const perDay = given.units_per_day ?? 840;
  return {
    method: 'group_sequential',
    alpha: 0.05,
    power: 0.8,
    mde: 0.05,
    variance: given.baseline * (1 - given.baseline),
    variance_reduction: 0.18,
    covariate_days: 28,
    units: Math.round(perDay * length),
    units_per_day: perDay,
    days: days(length),
    looks: length,
    look_every: DAY,
    days_max: Math.round(length * 1.6),
    stake_minor_per_month: 41_200,
    why: [
      `Your traffic gives about ${perDay.toLocaleString('en-GB')} new people a day; the day of the week was taken into account.`,
      'A change of 5 % is worth about €412 a month, so smaller ones are not worth waiting for.',
      'What people did in the 28 days before explains 18 % of the variance, which saves about as much time.',
      'It may be looked at every day: the boundary keeps false calls at 5 % all the same.',
    ],
    ...rest,
  };
}

interface Truth {
  /** Relative effect of each arm after the control, and of secondary metrics and guardrails by key. */
  arms: number[];
  others?: Record<string, number>;
  worth?: number;
}

const GATES: [GateKind, string][] = [
  ['sample_ratio', 'The split is as it was meant to be'],
  ['mixed_units', '3 of 18,240 people saw two arms; they are not counted'],
  ['before_assignment', 'No outcome came before its exposure'],
  ['pre_exposure_balance', 'Both arms were alike before they were sorted'],
  ['stale_data', 'The newest exposure is 40 s old'],
  ['too_few_units', 'Every arm has more than the 200 units it needs'],
  ['interaction', 'No other running experiment changes its effect'],
  ['self_audit', 'The engine’s own checks hold'],
];

const gates = (broken: Partial<ExperimentGate> | null): ExperimentGate[] =>
  GATES.map(([kind, text]) => ({
    kind,
    passed: true,
    text,
    cause: null,
    p_value: kind === 'sample_ratio' ? 0.41 : kind === 'pre_exposure_balance' ? 0.63 : null,
    ...(broken?.kind === kind ? broken : {}),
  }));

const shift = (i: Interval, by: number): Interval => ({ low: i.low * by, middle: i.middle * by, high: i.high * by });
const around = (middle: number, half: number): Interval => ({ low: middle - half, middle, high: middle + half });

function effect(
  one: ExperimentSpec,
  arm: number,
  metric: string,
  role: ExperimentEffect['role'],
  truth: number,
  mde: number,
  t: number,
  look: number,
  worth: number,
): ExperimentEffect {
  const recipe = METRICS.find((m) => m.key === metric);
  const base = perUnit(metric);
  const se = mde / 2.8 / Math.sqrt(t);
  // A path that wanders the less the more is known.
  const noise = Array.from({ length: look }, (_, i) => bell(`${one.key}${metric}${arm}${i}`)).reduce(
    (a, b) => a + b,
    0,
  );
  const middle = truth + (noise / look) * (mde / 2.8 / Math.sqrt(t)) * Math.sqrt(look) * 1.4;
  const upper = 2.02 / Math.sqrt(Math.min(1, t));
  const relative = around(middle, upper * se);
  const better = recipe?.better === 'down' ? -1 : 1;
  const z = (middle / se) * better;
  const p = Math.min(1, Math.exp(-0.717 * Math.abs(z) - 0.416 * z * z));
  const up = 1 - p / 2;
  return {
    metric,
    arm: one.arms[arm]!.key,
    role,
    control: base,
    treated: base * (1 + middle),
    relative,
    absolute: shift(relative, base),
    money_minor_per_month: worth ? shift(relative, worth) : null,
    p_value: Math.min(1, p * 1.3),
    adjusted_p: Math.min(1, p * 1.3 * (one.arms.length - 1 + one.secondary.length * 0.5)),
    chance: z > 0 ? up : 1 - up,
    expected_loss: Math.max(0.0001, se * Math.exp(-Math.max(0, z)) * 0.4),
    stopping:
      role === 'primary'
        ? { z, upper, lower: -upper, futility: t > 0.2 ? -2.2 + 4.2 * Math.sqrt(Math.min(1, t)) : null, information: t }
        : null,
    segments: role === 'primary' && t > 0.3 ? segments(relative, look) : [],
    note: null,
  };
}

function segments(whole: Interval, look: number) {
  const values: [string, string, number][] = [
    ['country', 'DE', 0.55],
    ['country', 'AT', 0.24],
    ['country', 'CH', 0.11],
    ['country', 'FR', 0.1],
    ['device', 'mobile', 0.6],
    ['device', 'desktop', 0.34],
    ['device', 'tablet', 0.06],
  ];
  return values.map(([segment, value, share]) => {
    const raw = around(
      whole.middle + bell(`${segment}${value}`) * 0.03,
      ((whole.high - whole.low) / 2) * Math.sqrt(1 / share),
    );
    const pull = 0.35 + share * 0.5;
    return {
      segment,
      value,
      units: Math.round(look * 840 * share),
      raw,
      shrunk: around(whole.middle + (raw.middle - whole.middle) * pull, ((raw.high - raw.low) / 2) * Math.sqrt(pull)),
    };
  });
}

/** A metric per person: totals are not. */
function perUnit(metric: string): number {
  const recipe = METRICS.find((m) => m.key === metric);
  if (!recipe) return 0.42;
  return recipe.format === 'percent' || recipe.format === 'duration' ? recipe.level : recipe.level / 1830;
}

function look(
  one: ExperimentSpec,
  plan: ExperimentDesign,
  truth: Truth,
  number: number,
  of: Partial<Reading> & { broken?: Partial<ExperimentGate> | null; started: number; off?: number },
): Reading {
  const { broken = null, started, off = 0, ...rest } = of;
  const t = number / plan.looks;
  const arms = one.arms.length;
  const total = plan.units_per_day * number;
  const effects = one.arms
    .slice(1)
    .flatMap((_, i) =>
      effect(one, i + 1, one.metric, 'primary', truth.arms[i] ?? 0, plan.mde, t, number, truth.worth ?? 0),
    );
  for (const key of one.secondary)
    effects.push(
      ...one.arms
        .slice(1)
        .map((_, i) => effect(one, i + 1, key, 'secondary', truth.others?.[key] ?? 0, plan.mde * 1.4, t, number, 0)),
    );
  for (const key of one.guardrails)
    effects.push(
      ...one.arms
        .slice(1)
        .map((_, i) => effect(one, i + 1, key, 'guardrail', truth.others?.[key] ?? 0, plan.mde * 1.8, t, number, 0)),
    );
  const left = Math.max(1, plan.looks - number);
  return {
    experiment: one.key,
    number,
    at: started + number * DAY,
    units: one.arms.map((a, i) =>
      Math.round(
        total * a.weight + (i === arms - 1 ? off * total : i === 0 ? -off * total : 0) + bell(`${one.key}${i}`) * 20,
      ),
    ),
    gates: gates(broken),
    effects,
    information: t,
    days_left: days(left),
    next_look: started + (number + 1) * DAY,
    call: broken ? { call: 'blocked' } : { call: 'continue' },
    text: `Nothing is decided yet. The next look is tomorrow; at this pace it is answered in about ${left} days.`,
    ...rest,
  };
}

const step = (at: number, to: ExperimentStep['to'], actor: string, reason: string): ExperimentStep => ({
  at,
  to,
  actor,
  reason,
});

interface Made {
  experiment: Experiment;
  readings: Reading[];
  truth: Truth;
}

function make(
  one: ExperimentSpec,
  given: Partial<Experiment> & {
    plan?: ExperimentDesign;
    seen?: number;
    since?: number;
    truth?: Truth;
    broken?: Partial<ExperimentGate>;
    off?: number;
    newest?: Partial<Reading>;
  },
): Made {
  const { plan, seen = 0, since, truth = { arms: [0] }, broken, off, newest, ...rest } = given;
  const started = seen > 0 ? TODAY - (since ?? seen) * DAY : null;
  const readings =
    plan && started !== null
      ? Array.from({ length: seen }, (_, i) =>
          look(one, plan, truth, i + 1, {
            started,
            off,
            broken: broken && i > seen - 4 ? broken : null,
            ...(i === seen - 1 ? newest : {}),
          }),
        )
      : [];
  const created = (started ?? NOW - 2 * DAY) - DAY;
  const history = [
    step(
      created,
      'proposed',
      one.origin === 'operator' ? 'operator:9f2c41d07ab3e655' : one.origin === 'file' ? 'business.toml' : 'engine',
      one.hypothesis || 'asked',
    ),
  ];
  if (plan)
    history.push(
      step(
        created + 4 * 60_000,
        'designed',
        'engine',
        `about ${plan.days.p50} days for a change of ${Math.round(plan.mde * 100)} %`,
      ),
    );
  if (started !== null)
    history.push(
      step(started - 2 * HOUR, 'waiting', 'engine', 'the decision to start it was asked for'),
      step(started, 'running', 'engine', 'the arms are served'),
    );
  return {
    readings,
    truth,
    experiment: {
      spec: one,
      state: 'running',
      created_at: created,
      started_at: started,
      ended_at: null,
      pilot: plan
        ? {
            metric: one.metric,
            exposure: one.exposure,
            group: one.group,
            from: created - 28 * DAY,
            to: created,
            new_units: Array.from({ length: 28 }, (_, i) =>
              Math.round(plan.units_per_day * (0.8 + 0.4 * chance(`${one.key}p${i}`))),
            ),
            moments: {
              units: plan.units_per_day * 28,
              mean: plan.baseline,
              m2: plan.variance * plan.units_per_day * 28,
            },
            covariate_days: plan.covariate_days,
          }
        : null,
      design: plan ?? null,
      refusal: null,
      looks: readings.length,
      last: readings.at(-1) ?? null,
      conclusion: null,
      value_minor_per_week: 2300,
      decisions: [],
      follow_ups: [],
      history,
      ...rest,
    },
  };
}

function over(
  made: Made,
  conclusion: Omit<NonNullable<Experiment['conclusion']>, 'at'>,
  state: Experiment['state'],
  reason: string,
): Made {
  const at = (made.readings.at(-1)?.at ?? NOW) + HOUR;
  made.experiment.conclusion = { at, ...conclusion };
  made.experiment.state = state;
  made.experiment.ended_at = state === 'concluding' ? null : at + DAY;
  made.experiment.history.push(step(at, 'concluding', 'engine', conclusion.text));
  if (state !== 'concluding') made.experiment.history.push(step(at + DAY, state, 'engine', reason));
  const last = made.readings.at(-1);
  if (last) Object.assign(last, { call: conclusion.call, text: conclusion.text, next_look: null, days_left: null });
  return made;
}

const onOff = (weights = [0.5, 0.5]) => [
  { key: 'control', value: false, weight: weights[0]! },
  { key: 'test', value: true, weight: weights[1]! },
];

function all(): Made[] {
  const prices = spec({
    key: 'pro_price_2026',
    title: 'Price of Pro: 29, 32 or 35',
    hypothesis:
      'Revenue per visitor rises with the price of Pro, because 83 % of buyers came back after the last step.',
    lever: 'pro_price',
    arms: [
      { key: 'control', value: 29, weight: 0.34 },
      { key: 'test_32', value: 32, weight: 0.33 },
      { key: 'test_35', value: 35, weight: 0.33 },
    ],
    metric: 'revenue',
    secondary: ['signup_rate'],
    guardrails: ['refund_rate', 'first_reply'],
    audience: "plan == 'free' && country in ['DE', 'AT']",
    share: 0.6,
    slice: { layer: 'pricing', from: 0, to: 0.6 },
    hypothesis_id: 'hyp_000014',
    parent: 'pro_price_2025',
  });
  const tour = spec({
    key: 'shorter_tour',
    title: 'A shorter tour',
    hypothesis: 'Half the steps, more who finish: 61 % leave at the fourth.',
    lever: 'search_v2',
    metric: 'activation_d7',
    secondary: ['signup_rate'],
    guardrails: ['first_reply'],
    arms: onOff(),
  });
  const checkout = spec({
    key: 'checkout_mobile',
    title: 'New checkout on mobile',
    hypothesis: 'One page instead of three loses fewer people on a small screen.',
    origin: 'file',
    lever: 'new_checkout_mobile',
    metric: 'revenue',
    guardrails: ['refund_rate'],
    audience: "device == 'mobile'",
    arms: onOff(),
  });
  const headline = spec({
    key: 'headline_time',
    title: 'A headline about time saved',
    hypothesis: 'Tickets name time saved more often than finding notes again.',
    lever: 'headline',
    metric: 'signup_rate',
    guardrails: ['refund_rate'],
    arms: [
      { key: 'control', value: 'Notes that stay found', weight: 0.5 },
      { key: 'time', value: 'An hour back, every day', weight: 0.5 },
    ],
  });
  const annual = spec({
    key: 'annual_first',
    title: 'Show the annual plan first',
    hypothesis: 'Who sees annual first compares with the dearer price.',
    lever: 'annual_first',
    metric: 'revenue',
    secondary: ['signup_rate'],
    guardrails: ['refund_rate'],
    arms: [
      { key: 'control', value: 'monthly', weight: 0.5 },
      { key: 'annual', value: 'annual', weight: 0.5 },
    ],
  });
  const audit = spec({
    key: 'aa_2026_47',
    title: 'Self-check of week 47',
    hypothesis: 'Both arms are the same; whatever is found is false.',
    purpose: 'self_audit',
    metric: 'signup_rate',
    lever: null,
    arms: [
      { key: 'a', value: 'a', weight: 0.5 },
      { key: 'b', value: 'b', weight: 0.5 },
    ],
    share: 0.05,
  });
  const seats = spec({
    key: 'team_seats_5',
    title: 'Five free seats for a team',
    hypothesis: 'Teams of five pay sooner than teams of three, because the fourth person is asked to pay alone.',
    lever: 'team_seats',
    group: 'company',
    metric: 'mrr',
    arms: [
      { key: 'control', value: 3, weight: 0.5 },
      { key: 'five', value: 5, weight: 0.5 },
    ],
  });
  const red = spec({
    key: 'red_button',
    title: 'A red button',
    origin: 'operator',
    hypothesis: 'Red is seen first.',
    lever: 'quick_export',
    metric: 'refund_rate',
    arms: onOff(),
  });
  const imported = spec({
    key: 'onboarding_2025',
    title: 'Onboarding of spring 2025',
    origin: 'file',
    metric: 'activation_d7',
    exposure: { event: 'experiment_viewed', arm: 'variation', filter: "experiment == 'onboarding'" },
    arms: [
      { key: '0', value: '0', weight: 0.5 },
      { key: '1', value: '1', weight: 0.5 },
    ],
  });
  const old = spec({
    key: 'pro_price_2025',
    title: 'Price of Pro: 25 or 29',
    lever: 'pro_price',
    metric: 'revenue',
    guardrails: ['refund_rate'],
    arms: [
      { key: 'control', value: 25, weight: 0.5 },
      { key: 'test', value: 29, weight: 0.5 },
    ],
  });
  const trial = spec({
    key: 'trial_30',
    title: 'Thirty days to try',
    origin: 'operator',
    lever: 'team_seats',
    metric: 'mrr',
    arms: [
      { key: 'control', value: 14, weight: 0.5 },
      { key: 'long', value: 30, weight: 0.5 },
    ],
  });
  const search = spec({
    key: 'export_now',
    title: 'Export without waiting',
    lever: 'quick_export',
    metric: 'activation_d7',
    arms: onOff(),
  });
  const fresh = spec({
    key: 'reply_promise',
    title: 'Promise a reply within a day',
    origin: 'operator',
    lever: 'headline',
    metric: 'signup_rate',
    hypothesis: 'A promise that is kept anyway costs nothing.',
    arms: [
      { key: 'control', value: 'Notes that stay found', weight: 0.5 },
      { key: 'test', value: 'Answers within a day', weight: 0.5 },
    ],
  });

  const long = design({ length: 26, baseline: 0.68, mde: 0.06, stake_minor_per_month: 41_200 });
  return [
    make(prices, {
      plan: long,
      seen: 17,
      truth: {
        arms: [0.062, -0.018],
        others: { signup_rate: -0.01, refund_rate: 0.004, first_reply: 0.01 },
        worth: 1_240_000,
      },
      value_minor_per_week: 3100,
      decisions: ['dec_000144'],
      newest: {
        text: '32 looks better than 29 and is 0.4 short of its boundary; 35 does not. Nothing is decided yet: the next look is tonight, and about 9 days are left.',
      },
    }),
    over(
      make(tour, {
        plan: design({ length: 18, baseline: 0.311, mde: 0.05 }),
        seen: 14,
        truth: { arms: [0.071], worth: 890_000 },
        value_minor_per_week: 1400,
        decisions: ['dec_000139', 'dec_000155'],
        follow_ups: ['tour_mobile'],
      }),
      {
        call: { call: 'ship', arm: 'test' },
        text: 'A shorter tour raises activation by 7.0 % (2.4 to 11.7): everyone is to get it.',
        predicted: around(0.04, 0.05),
        measured: around(0.07, 0.046),
        level: 0.021,
        p_value: 0.0031,
      },
      'concluding',
      '',
    ),
    make(checkout, {
      plan: design({ length: 21, baseline: 0.61, mde: 0.07, units_per_day: 510 }),
      seen: 8,
      truth: { arms: [0.03], worth: 420_000 },
      value_minor_per_week: 2600,
      off: 0.031,
      broken: {
        kind: 'sample_ratio',
        passed: false,
        text: '2,166 people got test where 2,040 were meant to (p = 0.0004): the split is off',
        cause: 'posthog-js 1.449.2 on iOS: 61 % got test, everywhere else 50 %',
        p_value: 0.0004,
      },
      newest: {
        text: 'The split is off, so nothing may be decided. It goes on being read every day; when the cause is mended, start it anew.',
      },
    }),
    make(headline, {
      state: 'waiting',
      plan: design({ length: 19, baseline: 0.0453, mde: 0.08 }),
      value_minor_per_week: 1900,
      decisions: ['dec_000154'],
    }),
    make(annual, {
      plan: design({ length: 24, baseline: 0.68, mde: 0.05 }),
      seen: 5,
      truth: { arms: [0.02], worth: 620_000 },
      value_minor_per_week: 2100,
    }),
    make(audit, {
      plan: design({ length: 28, baseline: 0.0453, mde: 0.1, units_per_day: 92, stake_minor_per_month: null }),
      seen: 11,
      truth: { arms: [0] },
      value_minor_per_week: null,
    }),
    make(seats, {
      state: 'designed',
      plan: design({ length: 41, baseline: 7.8, mde: 0.12, units_per_day: 38 }),
      value_minor_per_week: 800,
    }),
    make(fresh, { state: 'proposed', value_minor_per_week: null }),
    make(red, {
      state: 'refused',
      value_minor_per_week: null,
      refusal: {
        at: NOW - 2 * DAY,
        code: 'too_long',
        reason:
          'It would take 41 weeks at your traffic to see a change of 5 % in refund rate; at most 60 days are allowed.',
        cheaper:
          'A change of 14 % could be seen in 52 days, or signup rate could be looked at instead: 19 days for 5 %.',
        cheaper_mde: 0.14,
      },
    }),
    over(
      make(search, {
        plan: design({ length: 16, baseline: 0.311, mde: 0.05 }),
        seen: 12,
        since: 40,
        truth: { arms: [0.055], worth: 510_000 },
      }),
      {
        call: { call: 'ship', arm: 'test' },
        text: 'Export without waiting raises activation by 5.6 % (1.1 to 10.2).',
        predicted: around(0.03, 0.06),
        measured: around(0.056, 0.045),
        level: 0.024,
        p_value: 0.0089,
      },
      'watching',
      'shipped; 5 % keep the old one until 20 January',
    ),
    over(
      make(old, {
        plan: design({ length: 30, baseline: 0.62, mde: 0.06 }),
        seen: 30,
        since: 190,
        truth: { arms: [0.08], worth: 900_000 },
        follow_ups: ['pro_price_2026'],
      }),
      {
        call: { call: 'ship', arm: 'test' },
        text: '29 brings 8.1 % (3.0 to 13.1) more revenue per visitor than 25.',
        predicted: around(0.05, 0.07),
        measured: around(0.081, 0.05),
        level: 0.025,
        p_value: 0.0019,
      },
      'archived',
      'its effect was still there in a test again',
    ),
    over(
      make(imported, {
        plan: design({ length: 22, baseline: 0.29, mde: 0.05 }),
        seen: 22,
        since: 600,
        truth: { arms: [0.004] },
        value_minor_per_week: null,
      }),
      {
        call: { call: 'inconclusive' },
        text: 'No difference was found: +0.6 % (−4.4 to 5.6).',
        predicted: null,
        measured: around(0.006, 0.05),
        level: 0.022,
        p_value: 0.62,
      },
      'archived',
      'read to its end',
    ),
    over(
      make(trial, {
        plan: design({ length: 35, baseline: 7.8, mde: 0.1, units_per_day: 40 }),
        seen: 9,
        since: 70,
        truth: { arms: [-0.05] },
      }),
      {
        call: { call: 'futile' },
        text: 'Going on would hardly answer it: 4 % chance.',
        predicted: around(0.05, 0.1),
        measured: around(-0.03, 0.14),
        level: null,
        p_value: null,
      },
      'stopped',
      'operator: we change the trial anyway',
    ),
  ];
}

const ALL = all();
const BRIEFS: MetricBrief[] = METRICS.map(
  ({ key, title, format, unit, better, domain, segments: by, grain, definition }) =>
    ({ key, title, format, unit, better, domain, segments: by, grain, definition }) as MetricBrief,
);

const NOTHING_YET = {
  ...PORTFOLIO,
  hypotheses: [],
  strategies: [],
  budget: { ...PORTFOLIO.budget, tests: 0, calls: 0, left: 1, next_level: 0.0125 },
  audit: {
    aa_tests: 0,
    aa_called: 0,
    injected: 0,
    found: 0,
    found_days: 0,
    inside: 0,
    intervals: 0,
    nominal: 0.95,
    failed: false,
    text: 'Nothing was checked yet.',
  },
  prior_from: 0,
};
const MONEY = { now: NOW, currency: 'EUR', currency_digits: 2 };

/** Values a lever could be given, the one in force left out. */
function values(of: ReturnType<typeof levers>['levers'][number]): LeverValue[] {
  const { kind, value } = of;
  const every: LeverValue[] =
    kind.kind === 'boolean'
      ? [true, false]
      : kind.kind === 'variant'
        ? kind.options
        : kind.kind === 'number'
          ? Array.from(
              { length: Math.min(20, Math.floor((kind.max - kind.min) / kind.step) + 1) },
              (_, i) => kind.min + i * kind.step,
            )
          : [];
  return every.filter((one) => one !== value);
}
const testable = (): ExperimentLever[] =>
  levers().levers.map((one) => ({
    key: one.key,
    title: one.title,
    value: one.value,
    value_text: one.value_text,
    values: values(one),
    blocked: one.off
      ? 'It is killed: everyone gets the default.'
      : one.served_as.length === 0
        ? 'No protocol serves it.'
        : null,
  }));

export function experiments(empty = false, added: Experiment[] = [], decisions: Decision[] = []): ExperimentsView {
  const list = empty ? added : [...added, ...ALL.map((m) => m.experiment)];
  return {
    experiments: list,
    rows: list.map((one) => row(one, decisions)),
    titles: BRIEFS,
    portfolio: empty ? NOTHING_YET : PORTFOLIO,
    settings: {
      autonomous: true,
      alpha: 0.05,
      power: 0.8,
      false_discoveries: 0.05,
      days_max: 60,
      running_max: 5,
      self_audit: 0.05,
    },
    open: list.flatMap((one) => {
      const card = waits(one, decisions);
      return card ? [[one.spec.key, card] as [string, string]] : [];
    }),
    levers: empty ? [] : testable(),
    metrics: empty ? [] : BRIEFS.filter((one) => one.key !== 'visits'),
    ...MONEY,
  };
}

const waits = (one: Experiment, decisions: Decision[]): string | null =>
  one.decisions.find((id) => decisions.find((d) => d.id === id)?.state === 'pending') ?? null;

function row(one: Experiment, decisions: Decision[]): ExperimentRow {
  const { spec: asked, last } = one;
  const effect = last?.effects.find((e) => e.role === 'primary');
  return {
    key: asked.key,
    title: asked.title,
    hypothesis: asked.hypothesis,
    state: one.state,
    state_text: one.state,
    origin: asked.origin,
    purpose: asked.purpose,
    lever: asked.lever,
    arms: asked.arms,
    metric: asked.metric,
    metric_title: BRIEFS.find((m) => m.key === asked.metric)?.title ?? asked.metric,
    created_at: one.created_at,
    started_at: one.started_at,
    ended_at: one.ended_at,
    looks: one.looks,
    looks_planned: one.design?.looks ?? null,
    units: (last?.units ?? []).reduce((a, b) => a + b, 0),
    units_by_arm: last?.units ?? asked.arms.map(() => 0),
    units_planned: one.design?.units ?? null,
    days_run: one.started_at === null ? null : one.looks,
    days_left: last?.days_left ?? one.design?.days ?? null,
    information: last?.information ?? 0,
    value_minor_per_week: one.value_minor_per_week,
    arm: effect?.arm ?? null,
    chance: effect?.chance ?? null,
    effect: effect?.relative ?? null,
    call: last?.call ?? null,
    problem: last?.gates.find((gate) => !gate.passed)?.text ?? one.refusal?.reason ?? null,
    decision: waits(one, decisions),
    next: NEXT[one.state],
    next_at: last?.next_look ?? null,
  };
}
const NEXT: Record<Experiment['state'], string> = {
  proposed: 'What it needs is measured, then it gets its design.',
  refused: 'Nothing: ask it otherwise.',
  designed: 'It starts when its turn comes.',
  waiting: 'It starts when you approve it.',
  running: 'The next look.',
  concluding: 'The decision that follows is made.',
  stopped: 'Nothing more.',
  watching: 'It is tested again on 20 January.',
  archived: 'Nothing more.',
};

export function experiment(key: string, added: Experiment[], decisions: Decision[]): ExperimentView {
  const made = ALL.find((m) => m.experiment.spec.key === key);
  const found = added.find((e) => e.spec.key === key) ?? made?.experiment;
  if (!found) throw new BackendError('not_found', `There is no experiment “${key}”`, 'They are listed on Experiments.');
  const plan = found.design;
  const line = row(found, decisions);
  return {
    experiment: found,
    row: line,
    card: line.decision,
    card_hash: null,
    next: [{ at: line.next_at, text: line.next }],
    serving: found.spec.lever
      ? {
          served_as: found.state === 'running' ? ['ofrep', 'growthbook'] : [],
          in_force: found.state === 'running',
          notes: [],
        }
      : null,
    cannot_end: ['running', 'waiting', 'designed', 'proposed'].includes(found.state) ? null : 'it is over',
    timezone: 'Europe/Berlin',
    ...MONEY,
    readings: made?.readings ?? [],
    days:
      plan && found.started_at !== null
        ? Array.from({ length: found.looks }, (_, i) => ({
            day: found.started_at! + i * DAY,
            units: found.spec.arms.map((a, n) =>
              Math.round(
                plan.units_per_day *
                  (a.weight + (key === 'checkout_mobile' ? (n === 1 ? 0.031 : -0.031) : 0)) *
                  (0.85 + 0.3 * chance(`${key}${i}${n}`)) *
                  ([0, 6].includes(new Date(found.started_at! + i * DAY).getUTCDay()) ? 0.8 : 1),
              ),
            ),
          }))
        : [],
    slices:
      key === 'checkout_mobile'
        ? [
            { dimension: '$lib', value: 'posthog-js 1.449.2', units: [412, 644] },
            { dimension: '$lib', value: 'OpenFeature web 0.4.3', units: [1502, 1522] },
          ]
        : [],
    decisions: decisions.filter((d) => found.decisions.includes(d.id)),
    titles: BRIEFS,
  };
}

/** Refund rate is too rare to be tested; everything else takes its time. */
export function checked(args: AskExperimentArgs): ExperimentCheckView {
  const nothing: ExperimentCheckView = {
    problems: [],
    spec: null,
    pilot: null,
    design: null,
    refusal: null,
    text: '',
    notes: [],
  };
  const refused = (code: string, reason: string, cheaper: string | null, cheaper_mde: number | null) => ({
    ...nothing,
    refusal: { at: NOW, code, reason, cheaper, cheaper_mde },
    text: reason,
  });
  const wrong = args.audience && /[^=!<>]=[^=]/.test(args.audience);
  if (wrong)
    return {
      ...nothing,
      problems: [
        { code: 'expression_invalid', message: '“=” compares nothing', hint: 'Write == to compare.', line: null },
      ],
      text: '“=” compares nothing',
    };
  const clash = ALL.find(
    (m) => args.lever !== null && m.experiment.spec.lever === args.lever && m.experiment.state === 'running',
  );
  if (clash && (args.share ?? 1) > 0.4)
    return refused(
      'conflict',
      `“${clash.experiment.spec.title}” runs on the same lever and takes 60 % of its units.`,
      'With at most 40 % of the units both can run.',
      null,
    );
  if (args.metric === 'refund_rate' && (args.mde ?? 0.05) < 0.14)
    return refused(
      'too_long',
      'It would take 41 weeks at your traffic to see a change of 5 % in refund rate; at most 60 days are allowed.',
      'A change of 14 % could be seen in 52 days.',
      0.14,
    );
  const mde = args.mde ?? 0.05;
  const length =
    args.metric === 'refund_rate'
      ? 52
      : Math.max(2, Math.round(((23 * (0.05 / mde) ** 2) / (args.share ?? 1)) * (args.arms.length / 2)));
  const plan = design({
    length,
    baseline: perUnit(args.metric),
    mde,
    units_per_day: Math.round(840 * (args.share ?? 1)),
  });
  return {
    ...nothing,
    design: plan,
    text: `${length} days`,
    notes:
      args.share !== null && (args.share ?? 1) < 0.2 ? ['A small share keeps the risk small and takes longer.'] : [],
  };
}

const slug = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
export function asked(args: AskExperimentArgs): Experiment {
  const key = args.key || slug(args.title || args.lever || 'experiment');
  const weight = 1 / args.arms.length;
  return make(
    spec({
      key,
      title: args.title || key,
      hypothesis: args.hypothesis ?? '',
      origin: 'operator',
      lever: args.lever,
      arms: args.arms.map((arm, i) => ({
        key: arm.key ?? (i === 0 ? 'control' : i === 1 ? 'test' : `test${i}`),
        value: arm.value,
        weight,
      })),
      metric: args.metric,
      guardrails: args.guardrails ?? [],
      secondary: args.secondary,
      audience: args.audience ?? null,
      share: args.share ?? 1,
      mde: args.mde ?? null,
      hypothesis_id: args.hypothesis_id ?? null,
    }),
    { state: 'proposed', value_minor_per_week: null },
  ).experiment;
}

export function ended(found: Experiment, reason: string, at: number): Experiment {
  found.state = 'stopped';
  found.ended_at = at;
  found.history.push(step(at, 'stopped', 'operator:9f2c41d07ab3e655', reason));
  return found;
}
