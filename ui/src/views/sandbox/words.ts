/** What is said about a simulated business: in general, never what will happen when. */
import type { SandboxView, ScenarioView } from '$lib/backend';
import { duration, plural, startOfDay, words } from '$lib/format';

export const COMPANIES = [
  { key: 'shop', title: 'A web shop', what: 'Household goods with stock, delivery, discounts and refunds.' },
  { key: 'saas', title: 'Software by the month', what: 'Notes for teams: trials, onboarding, renewals, support.' },
  { key: 'marketplace', title: 'A marketplace', what: 'Makers sell to neighbours; you take a share of each sale.' },
] as const;

/** The years a company can have, by the end of the scenario's name. */
const YEARS: Record<string, { title: string; what: string }> = {
  calm: {
    title: 'Calm',
    what: 'An ordinary year. Nothing breaks; prices, copy and budgets could be better than they are.',
  },
  drifting: {
    title: 'Drifting',
    what: 'Nothing breaks, but what is right in January is wrong in December. Slow changes, easy to miss.',
  },
  shocked: {
    title: 'Shocked',
    what: 'Something breaks every few weeks, each time for another reason, sometimes for a few people only.',
  },
  seasonal: {
    title: 'Seasonal',
    what: 'Demand swings with the year and promotions push it. Most of what looks like an incident is none.',
  },
  delayed: {
    title: 'Delayed',
    what: 'People think for weeks and refunds come late: what is done today shows a month later.',
  },
  adversarial: {
    title: 'Adversarial',
    what: 'Machines, stolen cards and spam: much of what looks like demand is none.',
  },
  tiny: { title: 'Short', what: 'Eight weeks of a small shop, filled in seconds. Enough for a first look.' },
  large: { title: 'Large', what: 'The ordinary year of a shop four times as large. Takes longest to fill.' },
};

export interface Year {
  name: string;
  title: string;
  what: string;
  days: number;
}

/** The years of one company, the plainest first; a scenario without words of ours keeps its own. */
export function years(all: ScenarioView[], company: string): Year[] {
  const order = Object.keys(YEARS);
  const kind = (name: string) => name.split('-').pop() ?? name;
  const place = (name: string) => (order.indexOf(kind(name)) + order.length + 1) % (order.length + 1);
  return all
    .filter((one) => one.company === company)
    .sort((a, b) => place(a.name) - place(b.name))
    .map((one) => ({ name: one.name, days: one.days, ...(YEARS[kind(one.name)] ?? one) }));
}

/** How much history can be filled at once, so that some of the year is left to live through. */
export function histories(days: number): { days: number; title: string }[] {
  const all = [
    { days: 14, title: 'Two weeks' },
    { days: 30, title: 'One month' },
    { days: 90, title: 'Three months' },
    { days: 180, title: 'Half a year' },
  ];
  return all.filter((one) => one.days <= days * 0.6);
}

/** As fast as it goes, for the engine. */
export const FASTEST = 1e12;
export const SPEEDS = [
  { speed: 1, title: 'Real time', text: 'in real time' },
  { speed: 3600, title: '1 hour per second', text: '1 hour per second' },
  { speed: 86_400, title: '1 day per second', text: '1 day per second' },
  { speed: 604_800, title: '1 week per second', text: '1 week per second' },
  { speed: FASTEST, title: 'As fast as it goes', text: 'as fast as it goes' },
];
const fast = (speed: number) => speed >= 1e9;

/** The speed in the list that is meant. */
export function sameSpeed(a: number, b: number): boolean {
  return a === b || (fast(a) && fast(b));
}
export function speedText(speed: number): string {
  const known = SPEEDS.find((one) => sameSpeed(one.speed, speed));
  return known?.text ?? `${duration(speed)} per second`;
}

/** The day of the simulation, counted from 1 at its first midnight. */
export function dayOf(from: number, now: number): number {
  return Math.max(1, Math.round((startOfDay(now) - startOfDay(from)) / 86_400_000) + 1);
}

/** `Day 143, 1 day per second`. */
export function standing(view: SandboxView, now: number): string {
  const at = `Day ${dayOf(view.from, now)}`;
  if (view.phase === 'ended') return `${at}, its last`;
  if (view.skipping_until !== null) return `${at}, skipping`;
  if (view.phase === 'paused' || view.speed === 0) return `${at}, paused`;
  return view.held ? at : `${at}, ${speedText(view.speed)}`;
}

/** What a person may let happen, and what the toast says it is. */
const HAPPENINGS: { kind: string; title: string; not?: string }[] = [
  { kind: 'price_war', title: 'Price war' },
  { kind: 'checkout_bug', title: 'Checkout bug', not: 'saas' },
  { kind: 'hidden_regression', title: 'Signup bug', not: 'shop marketplace' },
  { kind: 'viral_post', title: 'Viral post' },
  { kind: 'server_slow', title: 'Server slow' },
  { kind: 'tracking_lost', title: 'Tracking broken' },
  { kind: 'spam_tickets', title: 'Spam tickets' },
];
export function happenings(view: SandboxView): { kind: string; title: string }[] {
  const can = new Set(view.injectable.map((one) => one.kind));
  return HAPPENINGS.filter((one) => can.has(one.kind) && !one.not?.includes(view.company));
}

/** `found after 5 h`. */
export function foundAfter(start: number, found: number): string {
  const hours = (found - start) / 3_600_000;
  if (hours < 1) return 'within the hour';
  return hours < 72 ? `after ${plural(Math.round(hours), 'hour')}` : `after ${plural(Math.round(hours / 24), 'day')}`;
}

/** `tracking_lost` → `Tracking lost`, for anything that has no title here. */
export const named = (key: string) => HAPPENINGS.find((one) => one.kind === key)?.title ?? words(key);
