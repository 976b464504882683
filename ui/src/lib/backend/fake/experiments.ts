/** Answers about artificial experiments: the list, one with its story, and what checking a new one says. */
import { BackendError } from '../contract';
import type {
  AskExperimentArgs,
  Experiment,
  Decision,
  ExperimentCheckView,
  ExperimentLever,
  ExperimentRow,
  ExperimentView,
  ExperimentsView,
  LeverValue,
  MetricBrief,
} from '../types';
import { levers } from './levers';
import { PORTFOLIO } from './portfolio';
import { DAY, METRICS, NOW, chance } from './series';
import { all } from './trial-list';
import { design, make, perUnit, spec, step } from './trials';

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
