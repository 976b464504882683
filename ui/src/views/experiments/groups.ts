// The list of experiments: which group one stands in, what narrows the list, in which order. Pure.
import { leverValue } from '$lib/format';
import type { Experiment } from '$lib/backend';
import { brokenGate } from './words';

export const GROUPS = ['needs', 'running', 'waiting', 'concluded', 'refused', 'archived'] as const;
export type Group = (typeof GROUPS)[number];

export const GROUP_WORDS: Record<Group, { title: string; note: string; none: string }> = {
  needs: { title: 'Needs you', note: 'a card waits, or a check fails', none: 'Nothing needs you' },
  running: { title: 'Running', note: 'soonest answer first', none: 'Nothing runs' },
  waiting: { title: 'Waiting', note: 'being measured, designed, or next in line', none: 'Nothing waits' },
  concluded: { title: 'Concluded', note: 'answered, and looked after', none: 'Nothing was concluded lately' },
  refused: { title: 'Cannot be answered', note: 'with what could be asked instead', none: 'Nothing was refused' },
  archived: { title: 'Archived', note: 'newest first', none: 'Nothing is archived' },
};

/** `open` are the keys whose card waits for an answer. */
export function groupOf(experiment: Experiment, open: ReadonlySet<string>): Group {
  const { state } = experiment;
  if (open.has(experiment.spec.key)) return 'needs';
  switch (state) {
    case 'running':
      return brokenGate(experiment) ? 'needs' : 'running';
    case 'proposed':
    case 'designed':
    case 'waiting':
      return 'waiting';
    case 'concluding':
    case 'watching':
      return 'concluded';
    case 'refused':
      return 'refused';
    case 'stopped':
    case 'archived':
      return 'archived';
  }
}

/** Every word in its title, key, hypothesis, lever, metric or arms. */
export function matches(experiment: Experiment, text: string): boolean {
  const { spec } = experiment;
  const hay =
    `${spec.title} ${spec.key} ${spec.hypothesis} ${spec.lever ?? ''} ${spec.metric} ${spec.arms.map((arm) => `${arm.key} ${leverValue(arm.value)}`).join(' ')}`.toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => hay.includes(word));
}

const newest = (one: Experiment) => one.ended_at ?? one.conclusion?.at ?? one.started_at ?? one.created_at;

/** In the order of the groups, each in its own order; groups without any are left out. */
export function grouped(all: Experiment[], open: ReadonlySet<string>): { group: Group; rows: Experiment[] }[] {
  return GROUPS.map((group) => {
    const rows = all.filter((one) => groupOf(one, open) === group);
    rows.sort(
      group === 'running'
        ? (a, b) =>
            (a.last?.days_left?.p50 ?? a.design?.days.p50 ?? 999) -
            (b.last?.days_left?.p50 ?? b.design?.days.p50 ?? 999)
        : group === 'waiting' || group === 'needs'
          ? (a, b) => (b.value_minor_per_week ?? -1) - (a.value_minor_per_week ?? -1)
          : (a, b) => newest(b) - newest(a),
    );
    return { group, rows };
  }).filter(({ rows }) => rows.length > 0);
}
