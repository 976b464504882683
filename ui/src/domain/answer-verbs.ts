/** Answers that open a talk or a standing permission. They are offered once the engine behind the page knows them. */
import { PROVIDES, write, type Act, type Decision, type Wake } from '$lib/backend';
import { words } from '$lib/format';
import { href } from '$lib/router.svelte';

/** What the founder allows a proposer to do without asking again. */
export interface GrantTerms {
  proposer: string;
  /** What is acted on, as [`target`] names it. */
  target: string;
  /** Most each use may cost and put at stake, in minor units. */
  cap_minor: number;
  uses: number;
  until: number;
}

/** Whether the engine takes questions, grants and wakes. */
export const talks = (): boolean => 'grants' in PROVIDES;

const send = write as unknown as (name: string, args: Record<string, unknown>) => Promise<unknown>;

export const ask = (id: string, card_hash: string, question: string) => send('ask', { id, card_hash, question });
export const delegate = (id: string, card_hash: string, terms: GrantTerms) =>
  send('delegate', { id, card_hash, terms });
export const defer = (id: string, card_hash: string, until: number, wake: Wake | null) =>
  send('defer', wake ? { id, card_hash, until, wake } : { id, card_hash, until });

/** Takes an approval back while it cools off. */
export const withdraw = (id: string) => send('withdraw_approval', { id });

/** The page of a workflow or, with `run`, of one of its runs; `undefined` where the engine has none to show. */
export const workflowHref = (...parts: string[]): string | undefined =>
  'workflows' in PROVIDES ? href('workflows', ...parts) : undefined;

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
