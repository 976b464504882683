// Experiments in words: states, verdicts, days, gates, methods, origins. Pure; the same words everywhere on the page.
import Archive from '@lucide/svelte/icons/archive';
import Ban from '@lucide/svelte/icons/ban';
import CircleDashed from '@lucide/svelte/icons/circle-dashed';
import Clock from '@lucide/svelte/icons/clock';
import Eye from '@lucide/svelte/icons/eye';
import FlagTriangleRight from '@lucide/svelte/icons/flag-triangle-right';
import Hourglass from '@lucide/svelte/icons/hourglass';
import Play from '@lucide/svelte/icons/play';
import Square from '@lucide/svelte/icons/square';
import type { Component } from 'svelte';
import { integer, leverValue, metricValue, number, percent, plural, words, type Style } from '$lib/format';
import { sentence } from '$lib/words';
import { predicate, share } from '../levers/words';
import type {
  Arm,
  Call,
  Days,
  Experiment,
  ExperimentEffect,
  ExperimentGate,
  ExperimentSpec,
  ExperimentState,
  GateKind,
  HypothesisState,
  Interval,
  LeverValue,
  Method,
  MetricBrief,
  Origin,
  Purpose,
} from '$lib/backend';

export type Tone = 'quiet' | 'good' | 'warn' | 'bad' | 'info' | 'accent';
type Icon = Component<{ size?: number | string; strokeWidth?: number | string }>;

export const STATES: Record<ExperimentState, { word: string; tone: Tone; icon: Icon; means: string }> = {
  proposed: { word: 'Proposed', tone: 'quiet', icon: CircleDashed, means: 'what it needs is being measured' },
  refused: {
    word: 'Cannot be answered',
    tone: 'warn',
    icon: Ban,
    means: 'not with this traffic, or not as it was asked',
  },
  designed: { word: 'Designed', tone: 'quiet', icon: Clock, means: 'it waits for its turn' },
  waiting: { word: 'Waits to start', tone: 'warn', icon: Hourglass, means: 'the decision to start it is open' },
  running: { word: 'Running', tone: 'info', icon: Play, means: 'units are sorted into arms' },
  concluding: {
    word: 'Concluding',
    tone: 'accent',
    icon: FlagTriangleRight,
    means: 'answered; what follows is being decided',
  },
  stopped: { word: 'Stopped', tone: 'quiet', icon: Square, means: 'ended before it was answered' },
  watching: { word: 'Watching', tone: 'good', icon: Eye, means: 'shipped, and looked after' },
  archived: { word: 'Over', tone: 'quiet', icon: Archive, means: 'it is over' },
};

export const ORIGINS: Record<Origin, string> = { file: 'business.toml', operator: 'you', engine: 'the engine' };

export const PURPOSES: Record<Purpose, string | null> = {
  decide: null,
  bandit: 'earns while it learns: traffic goes where it does best',
  self_audit: 'both arms are the same: it checks the engine itself',
  retest: 'asks whether a shipped change still does what it did',
};

export const METHODS: Record<Method, { word: string; means: string }> = {
  group_sequential: {
    word: 'Planned looks with a stopping boundary',
    means: 'It is looked at on schedule and ends early when the effect is clear; the boundary pays for every look.',
  },
  confidence_sequence: {
    word: 'Valid at any time',
    means: 'Its interval holds however often and whenever one looks.',
  },
  exact: { word: 'Exact, for few events', means: 'No normal approximation: it counts every possible outcome.' },
  bandit: {
    word: 'Traffic follows the better arm',
    means: 'More units go where it does best; the interval takes the changing weights into account.',
  },
};

export const GATES: Record<GateKind, { title: string; why: string }> = {
  sample_ratio: {
    title: 'The split is right',
    why: 'When an arm gets more or fewer units than it should, somebody is counted in one arm only, and every comparison is worthless.',
  },
  mixed_units: { title: 'Each unit saw one arm', why: 'Who saw both tells nothing about either; they are left out.' },
  before_assignment: {
    title: 'Nothing came before its exposure',
    why: 'An outcome before the arm was seen cannot have been caused by it.',
  },
  pre_exposure_balance: {
    title: 'The arms were alike before',
    why: 'Arms that differed before the experiment will differ after it, too.',
  },
  stale_data: { title: 'The data is fresh', why: 'Yesterday’s exposures without today’s outcomes look like a loss.' },
  too_few_units: { title: 'There are enough units', why: 'With a handful of units the interval is not to be trusted.' },
  interaction: {
    title: 'No other experiment disturbs it',
    why: 'When the effect differs between the arms of another experiment, neither can be read alone.',
  },
  self_audit: {
    title: 'The engine is calibrated',
    why: 'While its own A/A tests go wrong, nothing it calls may be trusted.',
  },
};

export const HYPOTHESIS_STATES: Record<HypothesisState, { word: string; tone: Tone }> = {
  queued: { word: 'Queued', tone: 'quiet' },
  testing: { word: 'Being tested', tone: 'info' },
  supported: { word: 'Held', tone: 'good' },
  refuted: { word: 'Did not hold', tone: 'bad' },
  open: { word: 'Tested, no answer', tone: 'quiet' },
  unanswerable: { word: 'Too little traffic', tone: 'warn' },
  dropped: { word: 'Dropped', tone: 'quiet' },
};

const GENERATORS: Record<string, string> = {
  insight: 'Something that moved',
  neighbour: 'Next step of a lever',
  follow_up: 'Follow-up',
  retest: 'Test again',
  segment: 'One group',
  contradiction: 'Contradiction',
  founder: 'You',
};

/** How a hypothesis was found: `playbook:price_step` → `Price step playbook`. */
export function generator(name: string): string {
  const [kind = '', key] = name.split(':', 2);
  if (kind === 'playbook' && key) return `${words(key)} playbook`;
  if (kind === 'design' && key) return METHODS[key as Method]?.word ?? words(key);
  return GENERATORS[name] ?? words(name);
}

const GROUPS: [RegExp, string][] = [
  [/[^aeiou]y$/, 'ies'],
  [/(s|x|z|ch|sh)$/, 'es'],
];

/** What is counted: `people`, or the group type in the plural. */
export function units(group: string | null): string {
  if (!group) return 'people';
  const name = group.replace(/[_-]+/g, ' ');
  const ending = GROUPS.find(([fits]) => fits.test(name))?.[1];
  if (ending === 'ies') return `${name.slice(0, -1)}ies`;
  return `${name}${ending ?? 's'}`;
}

export const counted = (count: number, group: string | null): string => `${integer(count)} ${units(group)}`;
export const total = (all: number[] | undefined): number => (all ?? []).reduce((sum, one) => sum + one, 0);

/** `23 days (18 to 31)`, without a range where there is none. */
export function daysText(days: Days | null): string {
  if (!days) return 'unknown';
  const [low, middle, high] = [days.p10, days.p50, days.p90].map((d) => Math.max(0, Math.round(d))) as [
    number,
    number,
    number,
  ];
  if (middle < 1) return 'less than a day';
  const text = plural(middle, 'day');
  return low === high ? text : `${text} (${low} to ${high})`;
}

/** Without a full stop at its end: sentences of the engine are put together with ours. */
export const bare = (text: string): string => text.trim().replace(/\.$/, '');

/** A relative change: `+4.1 %`. */
export const change = (value: number): string => percent(value, { sign: true, digits: Math.abs(value) < 0.1 ? 1 : 0 });
export const changeInterval = (one: Interval): string =>
  `${change(one.middle)} (${change(one.low)} to ${change(one.high)})`;

/** A probability: never 0 or 1, because nothing is. */
export function chanceText(chance: number): string {
  if (chance > 0.995) return 'more than 99 %';
  if (chance < 0.005) return 'less than 1 %';
  return percent(chance, { digits: 0 });
}

/** A p-value as people write it. */
export function pText(p: number | null): string {
  if (p === null) return '–';
  if (p < 0.0001) return '< 0.0001';
  return number(p, { digits: p < 0.001 ? 4 : p < 0.1 ? 3 : 2 });
}

/** A metric per unit: counts are fractions there, so they need digits. */
export function perUnit(value: number, brief: MetricBrief | undefined, style: Style = {}): string {
  const format = brief?.format ?? 'number';
  return format === 'integer'
    ? number(value, { digits: value < 10 ? 3 : 1, ...style })
    : metricValue(value, format, style);
}

/** `signup_rate` in its own words. */
export const metricTitle = (key: string, titles: MetricBrief[]): string =>
  titles.find((one) => one.key === key)?.title ?? words(key);

/** `control 29, test 32`; long values are cut by the page, never here. */
export const armText = (arm: Arm): string => {
  const value = leverValue(arm.value);
  return value.toLowerCase() === arm.key.toLowerCase() ? value : `${arm.key}: ${value}`;
};
/** Values against each other: `29 against 32 and 35`. */
export function armsText(arms: Arm[]): string {
  const [control, ...others] = arms.map((arm) => leverValue(arm.value));
  if (others.length === 0) return control ?? '';
  const last = others.at(-1)!;
  return `${control} against ${others.length === 1 ? last : `${others.slice(0, -1).join(', ')} and ${last}`}`;
}

/** Whom it is about: `60 % of those where plan is free`. */
export function whoText(spec: Pick<ExperimentSpec, 'audience' | 'share' | 'group'>): string {
  const all = spec.share >= 1;
  const who = spec.audience ? `${units(spec.group)} where ${predicate(spec.audience)}` : `all ${units(spec.group)}`;
  return all ? (spec.audience ? `all ${who}` : who) : `${share(spec.share)} of ${who}`;
}

/** Whether a failing check holds every decision back. Too few units are only early; a failed self-audit asks instead of acting. */
export const holdsBack = (gate: ExperimentGate): boolean =>
  !gate.passed && gate.kind !== 'too_few_units' && gate.kind !== 'self_audit';
export const brokenGate = (experiment: Experiment): ExperimentGate | undefined =>
  experiment.last?.gates.find(holdsBack);
export const isEarly = (experiment: Experiment): boolean =>
  experiment.last?.gates.some((gate) => !gate.passed && gate.kind === 'too_few_units') ?? false;

/** The effect that speaks for the experiment: of the arm that was called, else of the one that most probably is better. */
export function lead(experiment: Experiment): ExperimentEffect | undefined {
  const primary = experiment.last?.effects.filter((one) => one.role === 'primary') ?? [];
  const call = experiment.conclusion?.call ?? experiment.last?.call;
  const called = call && 'arm' in call ? primary.find((one) => one.arm === call.arm) : undefined;
  return called ?? [...primary].sort((a, b) => (b.chance ?? 0) - (a.chance ?? 0))[0];
}

export interface Verdict {
  text: string;
  tone: Tone;
}

/** What can be said of a running experiment. */
export const standing = (experiment: Experiment): Verdict =>
  isEarly(experiment) ? { text: 'Too early to say', tone: 'quiet' } : verdict(lead(experiment), experiment.spec.arms);

/** What can be said of an effect before anything is decided; with several arms it names the one it is about. */
export function verdict(effect: ExperimentEffect | undefined, arms: Arm[] = []): Verdict {
  if (!effect || effect.chance === null) return { text: effect?.note ?? 'No number yet', tone: 'quiet' };
  const chance = effect.chance;
  const name = arms.length > 2 ? leverValue(armValue(arms, effect.arm)) : '';
  // Colour is for what is clear at this look; a probability alone would tempt to stop on a lucky day.
  const clear = effect.relative !== null && effect.relative.low * effect.relative.high > 0;
  const say = (word: string, better: boolean): Verdict => ({
    text: `${name ? `${name} is ${word.toLowerCase()}` : word} ${better ? 'better' : 'worse'}, ${chanceText(better ? chance : 1 - chance)}`,
    tone: clear ? (better ? 'good' : 'bad') : 'quiet',
  });
  if (chance >= 0.975) return say('Almost surely', true);
  if (chance >= 0.9) return say('Very likely', true);
  if (chance >= 0.75) return say('Probably', true);
  if (chance <= 0.025) return say('Almost surely', false);
  if (chance <= 0.1) return say('Very likely', false);
  if (chance <= 0.25) return say('Probably', false);
  return { text: `Open: ${chanceText(chance)} that ${name || 'it'} is better`, tone: 'quiet' };
}

/** What was called. */
export function callText(call: Call, arms: Arm[]): Verdict {
  const name = 'arm' in call ? leverValue(arms.find((arm) => arm.key === call.arm)?.value ?? call.arm) : '';
  switch (call.call) {
    case 'continue':
      return { text: 'Goes on', tone: 'quiet' };
    case 'blocked':
      return { text: 'Nothing may be decided', tone: 'bad' };
    case 'ship':
      return { text: `${sentence(name)} is better`, tone: 'good' };
    case 'roll_back':
      return { text: `${sentence(name)} is worse: it is taken back`, tone: 'bad' };
    case 'futile':
      return { text: 'Given up: going on would not answer it', tone: 'quiet' };
    case 'inconclusive':
      return { text: 'No difference found in its time', tone: 'quiet' };
  }
}

/** An arm's value with its key where they differ. */
export const armValue = (arms: Arm[], key: string): LeverValue => arms.find((arm) => arm.key === key)?.value ?? key;
