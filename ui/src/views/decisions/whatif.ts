/** Policies to hold against the past, and what came of the decisions they would have changed. */
import type { Counterfactual, CounterfactualGroup, CounterfactualTotal, Format } from '$lib/backend';
import { business, metricChange, metricValue, money } from '$lib/format';

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

/** The groups that are not empty, in the order in which they matter. */
export function groupsOf(past: Counterfactual): { key: string; words: string; group: CounterfactualGroup }[] {
  return [
    { key: 'would_run', words: 'would have run without you', group: past.would_run },
    { key: 'would_ask', words: 'would have been put to you', group: past.would_ask },
    { key: 'would_be_denied', words: 'would have been denied', group: past.would_be_denied },
    { key: 'no_longer_denied', words: 'would not have been denied', group: past.no_longer_denied },
  ].filter(({ group }) => group.decisions > 0);
}

/** A total and its 95 % interval as text; no interval where too few were scored. */
export function totalWords(
  of: CounterfactualTotal,
  format: (metric: string) => Format,
): { total: string; interval: string | null } {
  // A sum of changes of a share is points, not per cent.
  const value = (n: number) => {
    if (of.unit === 'money') return money(n, { sign: true, digits: 0 });
    const kind = format(of.unit);
    return kind === 'percent' ? metricChange(n, 0, kind) : metricValue(n, kind, { sign: true });
  };
  return {
    total: value(of.total),
    interval: of.low === null || of.high === null ? null : `${value(of.low)} to ${value(of.high)}`,
  };
}
