/** What a card may carry beside what every card carries. */
import type { Act, Decision, Reversibility } from '$lib/backend';

export interface Cell {
  proposer: string;
  act: string;
  reversibility: Reversibility;
  size: 'small' | 'medium' | 'large';
}
export interface Standing {
  cell: Cell;
  level: 'watch' | 'propose' | 'limited' | 'full';
  cases: number;
  acceptable: number;
  lower: number;
  threshold: number | null;
  missing: string[];
  lowered: [number, string] | null;
}
export interface BudgetLeft {
  budget: string;
  title: string;
  amount_minor: number;
  left_minor: number;
}
export interface Remark {
  at: number;
  by: string;
  text: string;
}
export interface Conflict {
  decision: string;
  on: string;
  resolution: string;
}
export type Wake = { kind: 'insight'; metric: string } | { kind: 'decision'; decision: string };
export type AnyAct =
  | Act
  | { kind: 'call'; effect: string; payload: unknown }
  | { kind: 'start_workflow'; workflow: string; version: number; input: unknown }
  | { kind: 'edit_workflow'; workflow: string; from_version: number; text: string }
  | { kind: 'choose'; question: string; options: string[]; choice: string };
export type Whole = Omit<Decision, 'act'> & {
  act: AnyAct;
  origin?: { run: string; node: string };
  standing?: Standing;
  budgets?: BudgetLeft[];
  audited?: boolean;
  shadow?: boolean;
  conflicts?: Conflict[];
  grant?: string;
  cools_until?: number;
  deferred_for?: Wake;
  talk?: Remark[];
};
