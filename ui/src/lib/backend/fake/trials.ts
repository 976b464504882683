/** How an artificial experiment is made: its design, and a look per day that wanders around the truth. */
import type {
  Days,
  Experiment,
  ExperimentDesign,
  ExperimentEffect,
  ExperimentGate,
  ExperimentSpec,
  ExperimentStep,
  GateKind,
  Interval,
  Reading,
} from '../types';
import { DAY, HOUR, METRICS, NOW, TODAY, chance } from './series';

const bell = (seed: string) => chance(`${seed}x`) + chance(`${seed}y`) + chance(`${seed}z`) - 1.5;

export const spec = (
  given: Partial<ExperimentSpec> & Pick<ExperimentSpec, 'key' | 'title' | 'metric'>,
): ExperimentSpec => ({
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
export const around = (middle: number, half: number): Interval => ({ low: middle - half, middle, high: middle + half });

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
export function perUnit(metric: string): number {
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

export const step = (at: number, to: ExperimentStep['to'], actor: string, reason: string): ExperimentStep => ({
  at,
  to,
  actor,
  reason,
});

export interface Made {
  experiment: Experiment;
  readings: Reading[];
  truth: Truth;
}

export function make(
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

export function over(
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

export const onOff = (weights = [0.5, 0.5]) => [
  { key: 'control', value: false, weight: weights[0]! },
  { key: 'test', value: true, weight: weights[1]! },
];
