/** Answers that open a talk or a standing permission, and what may be granted. */
import { write, type Act, type Decision, type GrantTerms, type Wake } from '$lib/backend';
import { words } from '$lib/format';
import { href } from '$lib/router.svelte';

export const ask = (id: string, card_hash: string, question: string) => write('ask', { id, card_hash, question });
export const delegate = (id: string, card_hash: string, terms: GrantTerms) =>
  write('delegate', { id, card_hash, terms });
export const defer = (id: string, card_hash: string, until: number, wake: Wake | null) =>
  write('defer', wake ? { id, card_hash, until, wake } : { id, card_hash, until });

/** Takes an approval back while it cools off. */
export const withdraw = (id: string) => write('withdraw_approval', { id });

/** The page of a workflow or, with `run`, of one of its runs. */
export const workflowHref = (...parts: string[]): string => href('workflows', ...parts);

/** What an act acts on, as grants, precedents and policies name it: `lever pro_price`, `effect alert`. */
export function target(act: Act): string {
  switch (act.kind) {
    case 'set_lever':
      return `lever ${act.lever}`;
    case 'call':
      return `effect ${act.effect}`;
    case 'start_experiment':
    case 'end_experiment':
      return `experiment ${act.experiment}`;
    case 'start_workflow':
    case 'edit_workflow':
      return `workflow ${act.workflow}`;
    case 'choose':
      return 'question';
  }
}

/** What a card may wait for beside a time: news on its KPI, the end of what it conflicts with. */
export function wakes(d: Decision): { wake: Wake; text: string }[] {
  const metric = d.prediction.metric;
  return [
    ...(metric ? [{ wake: { kind: 'insight' as const, metric }, text: `a new finding on ${words(metric)}` }] : []),
    ...(d.conflicts ?? []).map((c) => ({
      wake: { kind: 'decision' as const, decision: c.decision },
      text: `${c.decision} comes to its end`,
    })),
  ];
}

/** Why nothing of the kind may be granted; `null` when it may. */
export function ungrantable(d: Decision): string | null {
  if (d.act.kind === 'choose') return 'a question is yours to answer';
  if (d.level === 'sovereign') return 'sovereign decisions always ask';
  return null;
}
