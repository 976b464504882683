/** Policies to hold against the past, and what came of the decisions they would have changed. */
import type { Decision, PolicyAnswer, PolicyChange, State } from '$lib/backend';
import { business } from '$lib/format';

const REST = `
@title("The rest asks")
permit (principal, action == Action::"propose", resource);
`;
const runs = (title: string, when: string) => `@title("${title}")
permit (principal, action in [Action::"execute", Action::"propose"], resource)
when { ${when} };
${REST}`;

/** Whole policies, in the words of docs/policy.md. */
export const PRESETS: { title: string; means: string; text: string }[] = [
  { title: 'Everything asks', means: 'Nothing runs without you', text: REST.trimStart() },
  {
    title: 'Free to undo runs',
    means: 'R0 and R1 run, the rest asks',
    text: runs('Free to undo runs', 'context.reversibility <= 1'),
  },
  {
    title: `Stakes up to 50 run`,
    means: 'What is undone at no cost and puts at most 50 at stake runs; change the figure below',
    text: runs(
      'Small stakes run',
      `context.reversibility <= 1 && context has stake && context.stake <= ${50 * 10 ** business.digits}`,
    ),
  },
];

const WORDS: Record<PolicyAnswer, string> = {
  run: 'Would have run alone',
  ask: 'Would have asked',
  deny: 'Would have been denied',
};

export interface Came {
  would: PolicyAnswer;
  words: string;
  /** Where they stand, most first. */
  states: [State, number][];
  scored: number;
  inside: number;
  /** Sum over the scored ones with a worth, in minor units; `null` where none has one. */
  money: number | null;
}

/** What became of decisions that another policy would have answered differently, by that answer. */
export function cameOf(changed: readonly PolicyChange[], scored: readonly Decision[]): Came[] {
  const known = new Map(scored.map((d) => [d.id, d.outcome]));
  return (['run', 'ask', 'deny'] as const).flatMap((would) => {
    const mine = changed.filter((one) => one.would_be === would);
    if (mine.length === 0) return [];
    const states: Partial<Record<State, number>> = {};
    for (const one of mine) states[one.state] = (states[one.state] ?? 0) + 1;
    const outcomes = mine.flatMap((one) => known.get(one.decision) ?? []);
    const worth = outcomes.flatMap((o) => (o.money_minor === null ? [] : [o.money_minor]));
    return [
      {
        would,
        words: WORDS[would],
        states: (Object.entries(states) as [State, number][]).sort((a, b) => b[1] - a[1]),
        scored: outcomes.length,
        inside: outcomes.filter((o) => o.inside).length,
        money: worth.length > 0 ? worth.reduce((sum, m) => sum + m, 0) : null,
      },
    ];
  });
}
