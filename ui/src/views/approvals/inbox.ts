/**
 * How the inbox is ordered, filtered and searched. Knows decisions as the engine sends them; nothing of the screen, and nothing of
 * how an answer is given.
 */
import type { Decision } from '$lib/backend';
import { LEVELS, actName, proposer } from '$lib/words';

/** A card escalates when this much of its window is left: the last reminder goes out at 80 %. */
const LAST_PART = 0.2;

/** Whether a card is about to expire. */
export function escalated(d: Decision, now: number): boolean {
  return d.expires_at > now && d.expires_at - now <= LAST_PART * Math.max(0, d.expires_at - d.created_at);
}

/** Money expected of approving, for each minute it takes to answer, in minor units; `null` where the metric has no worth. */
export function valuePerMinute(d: Decision): number | null {
  const money = d.prediction?.money_minor;
  // A card takes a moment even where the engine counts no minutes.
  return money ? money[1] / Math.max(0.5, d.founder_minutes) : null;
}

/** Expiring cards first, soonest first; then what a minute is worth most for; cards without a worth in money by expiry. */
export function ordered(cards: readonly Decision[], now: number): Decision[] {
  return [...cards].sort((a, b) => {
    const [ea, eb] = [escalated(a, now), escalated(b, now)];
    if (ea !== eb) return ea ? -1 : 1;
    if (ea) return a.expires_at - b.expires_at || byId(a, b);
    const [va, vb] = [valuePerMinute(a), valuePerMinute(b)];
    if (va !== null && vb !== null && va !== vb) return vb - va;
    if ((va === null) !== (vb === null)) return va === null ? 1 : -1;
    return a.expires_at - b.expires_at || byId(a, b);
  });
}
const byId = (a: Decision, b: Decision) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/** A chip of the filter. Chips of one group widen the list, groups narrow it. */
export interface Chip {
  key: string;
  group: 'urgency' | 'undo' | 'level' | 'origin';
  label: string;
  title: string;
  fits: (d: Decision, now: number) => boolean;
}

export const CHIPS: readonly Chip[] = [
  {
    key: 'expiring',
    group: 'urgency',
    label: 'Expiring',
    title: 'Less than a fifth of its time is left',
    fits: escalated,
  },
  {
    key: 'free',
    group: 'undo',
    label: 'Free to undo',
    title: 'R0 and R1: one key approves',
    fits: (d) => d.reversibility === 'R0' || d.reversibility === 'R1',
  },
  {
    key: 'costs',
    group: 'undo',
    label: 'Costs to undo',
    title: 'R2: asks once more',
    fits: (d) => d.reversibility === 'R2',
  },
  {
    key: 'final',
    group: 'undo',
    label: 'Cannot be undone',
    title: 'R3: asks for a typed name or amount',
    fits: (d) => d.reversibility === 'R3',
  },
  ...(['operational', 'tactical', 'strategic', 'sovereign'] as const).map((level): Chip => ({
    key: level,
    group: 'level',
    label: LEVELS[level],
    title: `Cards of the ${level} level`,
    fits: (d) => d.level === level,
  })),
];

/** The chips named in an address, unknown ones left out. */
export const chipsOf = (text: string | undefined): string[] =>
  (text ?? '').split(',').filter((key) => CHIPS.some((chip) => chip.key === key));

/** Whether a card fits the chips (a set of keys) and every word of the search. */
export function fits(d: Decision, chips: readonly string[], search: string, now: number): boolean {
  const groups = new Map<string, boolean>();
  for (const chip of CHIPS)
    if (chips.includes(chip.key)) groups.set(chip.group, groups.get(chip.group) || chip.fits(d, now));
  if ([...groups.values()].includes(false)) return false;
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const text = [
    d.headline,
    d.id,
    d.domain,
    d.level,
    proposer(d.proposer),
    actName(d.act),
    d.prediction?.metric ?? '',
    d.dry_run,
  ]
    .join(' ')
    .toLowerCase();
  return words.every((word) => text.includes(word));
}
