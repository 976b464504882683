// Levers in words: bounds, reasons, protocols, what narrows the list. Pure.
import CircleCheck from '@lucide/svelte/icons/circle-check';
import CircleDashed from '@lucide/svelte/icons/circle-dashed';
import CircleOff from '@lucide/svelte/icons/circle-off';
import Clock from '@lucide/svelte/icons/clock';
import type { Component } from 'svelte';
import type { LeverKind, LeverRowView, LeverValue, Protocol, Reason, RuleView } from '$lib/backend';
import { leverValue, number, percent } from '$lib/format';

export const PROTOCOLS: Record<Protocol, string> = {
  ofrep: 'OpenFeature',
  posthog: 'PostHog',
  growthbook: 'GrowthBook',
  unleash: 'Unleash',
};

export function bounds(kind: LeverKind): string {
  switch (kind.kind) {
    case 'boolean':
      return 'on or off';
    case 'number':
      return `${number(kind.min)} to ${number(kind.max)}, in steps of ${number(kind.step)}`;
    case 'variant':
      return `one of ${kind.options.join(', ')}`;
    case 'text':
      return `text of up to ${number(kind.max_chars)} characters`;
  }
}

export const REASONS: Record<Reason, string> = {
  static: 'no rule takes this unit',
  targeted: 'a rule fits',
  split: 'by chance',
  held_out: 'held out',
  prerequisite: 'another lever stands in the way',
  no_group: 'this unit is in no such group',
  off: 'killed',
};

type Tone = 'good' | 'warn' | 'bad' | 'quiet';
type Icon = Component<{ size?: number | string; strokeWidth?: number | string }>;
const STATES: Record<string, { word: string; tone: Tone; icon: Icon; means: string }> = {
  live: { word: 'Live', tone: 'good', icon: CircleCheck, means: 'products read it' },
  killed: { word: 'Killed', tone: 'bad', icon: CircleOff, means: 'everyone gets the default' },
  unread: { word: 'Unread', tone: 'quiet', icon: CircleDashed, means: 'no product reads it yet' },
  stale: { word: 'Stale', tone: 'warn', icon: Clock, means: 'it can be removed from the code' },
};
export const state = (name: string) =>
  STATES[name] ?? { word: name, tone: 'quiet' as const, icon: CircleDashed, means: '' };

export const FILTERS = ['all', 'live', 'killed', 'unread', 'stale', 'random', 'warnings'] as const;
export type Filter = (typeof FILTERS)[number];
export const FILTER_WORDS: Record<Filter, string> = {
  all: 'All',
  live: 'Live',
  killed: 'Killed',
  unread: 'Unread',
  stale: 'Stale',
  random: 'Random',
  warnings: 'With warnings',
};

export function fits(lever: LeverRowView, filter: Filter): boolean {
  switch (filter) {
    case 'all':
      return true;
    case 'random':
      return lever.random;
    case 'warnings':
      return lever.warnings.length > 0;
    default:
      return lever.state === filter;
  }
}

/** Whether a search finds it: every word in its title, key, value or rules. */
export function matches(lever: LeverRowView, text: string): boolean {
  const hay =
    `${lever.title} ${lever.key} ${lever.domain} ${leverValue(lever.value)} ${lever.rules.map((rule) => `${rule.name} ${rule.text} ${rule.experiment ?? ''}`).join(' ')}`.toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => hay.includes(word));
}

/** Why it is stale, unless a warning says so already. */
export const staleReason = (lever: LeverRowView): string | null =>
  lever.warnings.some((warning) => lever.stale_reason?.startsWith(warning.text)) ? null : lever.stale_reason;

export const moved = (lever: Pick<LeverRowView, 'value' | 'default'>) =>
  JSON.stringify(lever.value) !== JSON.stringify(lever.default);

/** What everybody gets at this moment whom no rule takes. */
export const inForce = (lever: LeverRowView): string => leverValue(lever.off ? lever.default : lever.value);

/** `20 %`, without digits nobody asked for. */
export const share = (part: number) =>
  percent(part, { digits: Number.isInteger(Math.round(part * 1e6) / 1e4) ? 0 : 1 });

/**
 * A predicate as people say it: `plan == 'pro' && country in ['DE', 'AT']` → "plan is pro and country is DE or AT". What is
 * not as simple as that stays as it was written.
 */
export function predicate(when: string): string {
  const said = split(when).map((part) => {
    const bare = part.trim();
    const compare = /^([\w.$]+)\s*(==|!=|>=|<=|>|<)\s*('[^']*'|"[^"]*"|-?[\d.]+|true|false)$/.exec(bare);
    if (compare) {
      const [, name, sign, right] = compare as unknown as [string, string, string, string];
      return right === 'true' || right === 'false'
        ? `${name} is ${(right === 'true') === (sign === '==') ? 'true' : 'false'}`
        : `${name} ${SIGNS[sign]} ${unquoted(right)}`;
    }
    const within = /^([\w.$]+)\s+in\s+\[([^\]]*)\]$/.exec(bare);
    if (within) return `${within[1]} is ${join(within[2]!.split(',').map((one) => unquoted(one.trim())))}`;
    const text = /^([\w.$]+)\.(startsWith|endsWith|contains)\(('[^']*'|"[^"]*")\)$/.exec(bare);
    if (text) return `${text[1]} ${TEXT[text[2]!]} ${unquoted(text[3]!)}`;
    return undefined;
  });
  return said.includes(undefined) ? when : said.join(' and ');
}
const SIGNS: Record<string, string> = {
  '==': 'is',
  '!=': 'is not',
  '>': 'is above',
  '<': 'is below',
  '>=': 'is at least',
  '<=': 'is at most',
};
const TEXT: Record<string, string> = { startsWith: 'begins with', endsWith: 'ends with', contains: 'contains' };
const unquoted = (text: string) => text.replace(/^(['"])(.*)\1$/, '$2');
const join = (all: string[]) => (all.length < 2 ? (all[0] ?? '') : `${all.slice(0, -1).join(', ')} or ${all.at(-1)}`);
/** At `&&`; where there are brackets or `||` nothing is taken apart. */
const split = (when: string) =>
  /\|\||[()]\s*&&|&&\s*[(!]/.test(when.replace(/\w+\([^()]*\)/g, 'f')) ? [when] : when.split('&&');

/** `20 % where plan is pro and country is DE or AT: on`. */
export function ruleWords(rule: RuleView): string {
  const part = rule.share < 1 ? share(rule.share) : '';
  const who = rule.when
    ? `${part ? `${part} ` : ''}where ${predicate(rule.when)}`
    : part
      ? `${part} of everyone`
      : 'everyone';
  const what = rule.experiment
    ? `${rule.experiment} by chance, ${rule.arms.map((arm) => `${arm.key} ${leverValue(arm.value)}`).join(', ')}`
    : valueText(rule.value);
  const text = `${who}: ${what}`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Attributes that predicates speak of, in the order they appear. */
export function attributes(predicates: (string | null)[]): string[] {
  const found = new Set<string>();
  for (const text of predicates) {
    if (!text) continue;
    const bare = text.replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g, ' ');
    for (const [word] of bare.matchAll(/(?<![\w.])[a-z_$][\w$]*(?!\w*\()/gi)) if (!RESERVED.has(word)) found.add(word);
  }
  return [...found];
}
const RESERVED = new Set(['true', 'false', 'null', 'in', 'has', 'size', 'int', 'double', 'string', 'bool']);

/** What somebody typed as an attribute: `true`, `12`, everything else text. */
export function typed(text: string): boolean | number | string {
  const bare = text.trim();
  if (bare === 'true' || bare === 'false') return bare === 'true';
  if (bare !== '' && Number.isFinite(Number(bare))) return Number(bare);
  return bare;
}

/** An existing key that a wrong one probably meant. */
export function meant(wrong: string, keys: string[]): string | undefined {
  const near = keys
    .map((key) => ({ key, far: distance(wrong.toLowerCase(), key.toLowerCase()) }))
    .sort((a, b) => a.far - b.far)[0];
  return near && near.far <= Math.max(1, Math.floor(wrong.length / 6)) ? near.key : undefined;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1)
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length]!;
}

export const valueText = (value: LeverValue | null) => (value === null ? '' : leverValue(value));
