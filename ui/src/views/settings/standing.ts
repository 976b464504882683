/** Words and figures of what stands until it is taken back: budgets, stops, clients. Reads views; knows nothing of the screen. */
import type { BudgetView, Scope } from '$lib/backend';
import { proposer } from '$lib/words';

export const PERIODS: Record<BudgetView['per'], string> = {
  decision: 'for one decision',
  day: 'a day',
  week: 'a week',
  month: 'a month',
};

/** Shares of the amount that are spent and reserved, together at most 1. */
export function used(line: BudgetView): { spent: number; reserved: number } {
  const of = (minor: number) => (line.amount_minor > 0 ? Math.max(0, minor / line.amount_minor) : 1);
  const spent = Math.min(1, of(line.spent_minor));
  return { spent, reserved: line.amount_minor > 0 ? Math.min(1 - spent, of(line.reserved_minor)) : 0 };
}

export type ScopeKind = Scope['scope'];

/** What is stopped, by the kind of scope: its title, what the name names, an example. */
export const SCOPES: Record<ScopeKind, { title: string; name: string; hint: string }> = {
  proposer: {
    title: 'One proposer',
    name: 'Proposer',
    hint: 'playbook:price_step; a * at the end fits the rest',
  },
  kind: { title: 'One kind of act', name: 'Kind', hint: 'set_lever, mail, start_experiment' },
  target: { title: 'One effect or lever', name: 'Key', hint: 'its key in business.toml' },
};

export const nameOf = (scope: Scope): string =>
  scope.scope === 'proposer' ? scope.proposer : scope.scope === 'kind' ? scope.kind : scope.target;

export function scopeOf(kind: ScopeKind, name: string): Scope {
  switch (kind) {
    case 'proposer':
      return { scope: 'proposer', proposer: name };
    case 'kind':
      return { scope: 'kind', kind: name };
    case 'target':
      return { scope: 'target', target: name };
  }
}

/** A stop in words: `Planner client`, `acts of the kind mail`, `the effect or lever pro_price`. */
export function scopeWords(scope: Scope): string {
  switch (scope.scope) {
    case 'proposer':
      return scope.proposer.endsWith('*') ? `every ${scope.proposer.slice(0, -1)}…` : proposer(scope.proposer);
    case 'kind':
      return `acts of the kind ${scope.kind}`;
    case 'target':
      return `the effect or lever ${scope.target}`;
  }
}

/** Kinds of act a stop can name beside the kinds of effects. */
export const ACT_KINDS = [
  'set_lever',
  'start_experiment',
  'end_experiment',
  'start_workflow',
  'edit_workflow',
  'webhook',
  'github',
  'file',
  'mail',
  'slack',
  'shell',
  'model',
];
