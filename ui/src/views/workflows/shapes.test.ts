import { fireEvent, render, screen } from '@testing-library/svelte';
import axe from 'axe-core';
import { expect, test, vi } from 'vitest';
import type { WorkflowGraph } from '$lib/backend';
import Diff from './Diff.svelte';
import GraphView from './Graph.svelte';
import { marks, said, summary } from './diff';
import { NODE, at, lines, size } from './shapes';

const graph: WorkflowGraph = {
  nodes: [
    { key: 'look', title: 'Look', kind: 'measure', layer: 0, column: 0.5 },
    { key: 'lasting', title: 'Has it stayed up?', kind: 'branch', layer: 1, column: 0.5 },
    { key: 'brief', title: 'Write the brief', kind: 'effect', layer: 2, column: 0 },
    { key: 'end', title: 'Done', kind: 'end', layer: 3, column: 0.5 },
  ],
  edges: [
    { from: 'look', to: 'lasting', why: 'next', back: false, bends: [] },
    { from: 'lasting', to: 'brief', why: 'refunds_change > 0.1', back: false, bends: [] },
    { from: 'lasting', to: 'end', why: 'otherwise', back: false, bends: [1] },
    { from: 'brief', to: 'end', why: 'next', back: false, bends: [] },
    { from: 'brief', to: 'look', why: 'error', back: true, bends: [] },
    { from: 'brief', to: 'nowhere', why: 'next', back: false, bends: [] },
  ],
  layers: 4,
  columns: 2,
};

test('edges begin and end at their nodes, pass their bends, and an edge to nowhere is left out', () => {
  const drawn = lines(graph);
  expect(drawn.length).toBe(5);
  const [from, to] = [at(graph.nodes[1]!), at(graph.nodes[3]!)];
  const long = drawn[2]!;
  expect(long.path.startsWith(`M${from.x + NODE.width / 2} ${from.y + NODE.height}`)).toBe(true);
  expect(long.path.endsWith(`${to.x + NODE.width / 2} ${to.y}`)).toBe(true);
  expect(long.path.split('C').length).toBe(3);
  expect(drawn.map((l) => l.label?.text ?? null)).toEqual([null, 'refunds_change > 0.1', 'otherwise', null, 'error']);
  // What leads back stays inside the drawing.
  const xs = [...drawn[4]!.path.matchAll(/[\d.]+/g)].map((m) => Number(m[0]));
  expect(Math.max(...xs)).toBeLessThanOrEqual(Math.max(size(graph).width, size(graph).height));
  for (const node of graph.nodes) expect(at(node).x + NODE.width).toBeLessThanOrEqual(size(graph).width);
});

test('nodes are reached and chosen by keyboard, and say what the run did there', async () => {
  const onchoose = vi.fn();
  const { container } = render(GraphView, {
    graph,
    chosen: 'look',
    onchoose,
    marks: { brief: 'here' },
    label: 'Steps',
  });
  const brief = screen.getByRole('button', { name: /Write the brief.*Effect · the run is here/ });
  brief.focus();
  expect(brief).toHaveFocus();
  await fireEvent.click(brief);
  expect(onchoose).toHaveBeenCalledWith('brief');
  expect(screen.getByRole('button', { name: /^Look/ })).toHaveAttribute('aria-current', 'true');
  const faults = await axe.run(container, {
    rules: { 'color-contrast': { enabled: false }, region: { enabled: false } },
  });
  expect(faults.violations.map((v) => v.id)).toEqual([]);
});

test('a diff names every change and marks the newer graph', () => {
  const diff = {
    from: 1,
    to: 2,
    head: [{ path: 'purpose', before: 'old', after: 'new' }],
    added: ['check'],
    removed: ['passed'],
    changed: [{ node: 'brief', fields: [{ path: 'retry.attempts', before: null, after: 3 }] }],
    edges_added: [{ from: 'look', to: 'check', why: 'next' }],
    edges_removed: [],
  };
  render(Diff, { diff, title: (node: string) => node.toUpperCase() });
  expect(document.body.textContent?.replace(/\s+/g, ' ')).toMatch(
    /5 changes from version 1 to 2.*Purpose old new.*New step CHECK.*Step taken out PASSED.*BRIEF ?retry.attempts nothing 3.*LOOK → CHECK/,
  );
  expect(summary(diff)).toBe(5);
  expect(marks(diff)).toEqual({ brief: 'changed', check: 'added' });
  expect([said(''), said({ a: 1 }), said(undefined)]).toEqual(['(empty)', '{"a":1}', 'nothing']);
});
