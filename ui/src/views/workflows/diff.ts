/** Two versions of a workflow compared, as the engine tells it. */
import type { WorkflowDiff } from '$lib/backend';

/** A value of a field as a person reads it. */
export function said(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'string') return value === '' ? '(empty)' : value;
  return JSON.stringify(value);
}

/** How many changes there are to read. */
export const summary = (diff: WorkflowDiff): number =>
  diff.head.length +
  diff.added.length +
  diff.removed.length +
  diff.changed.reduce((n, one) => n + one.fields.length, 0) +
  diff.edges_added.length +
  diff.edges_removed.length;

/** Marks for the graph of the newer version. */
export function marks(diff: WorkflowDiff): Record<string, 'added' | 'changed'> {
  return Object.fromEntries([
    ...diff.changed.map((one) => [one.node, 'changed'] as const),
    ...diff.added.map((node) => [node, 'added'] as const),
  ]);
}
