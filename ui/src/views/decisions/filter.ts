/** Which decisions of the ledger are shown, beside their state. Knows decisions as the engine sends them; nothing of the screen. */
import type { Decision } from '$lib/backend';
import { LEVELS, actName, proposer } from '$lib/words';

export interface Chip {
  key: string;
  group: 'outcome' | 'undo' | 'level' | 'mark';
  label: string;
  title: string;
  fits: (d: Decision) => boolean;
}

const earned = (d: Decision) => d.outcome?.money_minor ?? 0;

/** Chips of one group widen the list, groups narrow it. */
export const CHIPS: readonly Chip[] = [
  {
    key: 'inside',
    group: 'outcome',
    label: 'As predicted',
    title: 'The outcome lay inside its 80 % interval',
    fits: (d) => d.outcome?.inside === true,
  },
  {
    key: 'outside',
    group: 'outcome',
    label: 'Not as predicted',
    title: 'The outcome lay outside its 80 % interval',
    fits: (d) => d.outcome?.inside === false,
  },
  {
    key: 'lost',
    group: 'outcome',
    label: 'Cost money',
    title: 'Worth less than doing nothing',
    fits: (d) => earned(d) < 0,
  },
  ...(['R0', 'R1', 'R2', 'R3'] as const).map((r): Chip => ({
    key: r,
    group: 'undo',
    label: r,
    title: { R0: 'Read or draft', R1: 'Free to undo', R2: 'Undo at a cost', R3: 'Cannot be undone' }[r],
    fits: (d) => d.reversibility === r,
  })),
  ...(['operational', 'tactical', 'strategic', 'sovereign'] as const).map((level): Chip => ({
    key: level,
    group: 'level',
    label: LEVELS[level],
    title: `Decisions of the ${level} level`,
    fits: (d) => d.level === level,
  })),
  {
    key: 'edited',
    group: 'mark',
    label: 'Edited by you',
    title: 'Approved with another value than proposed',
    fits: (d) => Boolean(d.edited_from),
  },
];

/** The chips named in an address, unknown ones left out. */
export const chipsOf = (text: string | undefined): string[] =>
  (text ?? '').split(',').filter((key) => CHIPS.some((chip) => chip.key === key));

export interface Filter {
  chips: readonly string[];
  /** A proposer, exactly; empty for all. */
  by: string;
  search: string;
}

/** Whether a decision fits: one chip of each group that is used, the proposer, and every word. */
export function fits(d: Decision, filter: Filter): boolean {
  const groups: Record<string, boolean> = {};
  for (const chip of CHIPS)
    if (filter.chips.includes(chip.key)) groups[chip.group] = groups[chip.group] || chip.fits(d);
  if (Object.values(groups).includes(false)) return false;
  if (filter.by && d.proposer !== filter.by) return false;
  const words = filter.search.toLowerCase().split(/\s+/).filter(Boolean);
  const text = [
    d.headline,
    d.id,
    d.domain,
    d.proposer,
    proposer(d.proposer),
    actName(d.act),
    d.prediction.metric,
    d.dry_run,
  ]
    .join(' ')
    .toLowerCase();
  return words.every((word) => text.includes(word));
}
