/** Two versions of a workflow compared, as the engine tells it. */

export interface FieldChange {
  path: string;
  before: unknown;
  after: unknown;
}
interface EdgeWords {
  from: string;
  to: string;
  why: string;
}
export interface Diff {
  from: number;
  to: number;
  head: FieldChange[];
  added: string[];
  removed: string[];
  changed: { node: string; fields: FieldChange[] }[];
  edges_added: EdgeWords[];
  edges_removed: EdgeWords[];
}

/** A value of a field as a person reads it. */
export function said(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string') return value === '' ? '(empty)' : value;
  return JSON.stringify(value);
}

/** How many changes there are to read. */
export const summary = (diff: Diff): number =>
  diff.head.length +
  diff.added.length +
  diff.removed.length +
  diff.changed.reduce((n, one) => n + one.fields.length, 0) +
  diff.edges_added.length +
  diff.edges_removed.length;

/** Marks for the graph of the newer version. */
export function marks(diff: Diff): Record<string, 'added' | 'changed'> {
  return Object.fromEntries([
    ...diff.changed.map((one) => [one.node, 'changed'] as const),
    ...diff.added.map((node) => [node, 'added'] as const),
  ]);
}
