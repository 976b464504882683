/** An artificial procedure with two versions and two runs. */
import type {
  WorkflowCheckView as Check,
  WorkflowDefinition,
  WorkflowDiff as Diff,
  WorkflowLibraryView,
  WorkflowMigration as Migration,
  WorkflowRunBrief as RunBrief,
  WorkflowRunView as RunView,
  WorkflowView as One,
  WorkflowsView as All,
} from '../types';
import { DAY, HOUR, NOW } from './series';

const graph: One['graph'] = {
  nodes: [
    { key: 'look', title: 'Refunds of the last three days', kind: 'measure', layer: 0, column: 0.5 },
    { key: 'lasting', title: 'Has it stayed up?', kind: 'branch', layer: 1, column: 0.5 },
    { key: 'brief', title: 'Write the brief', kind: 'effect', layer: 2, column: 0 },
    { key: 'choose', title: 'What is done about the refunds?', kind: 'decision', layer: 3, column: 0 },
    { key: 'again', title: 'Three days later', kind: 'wait', layer: 4, column: 0 },
    { key: 'end', title: 'Done', kind: 'end', layer: 5, column: 0.5 },
  ],
  edges: [
    { from: 'look', to: 'lasting', why: 'next', back: false, bends: [] },
    { from: 'lasting', to: 'brief', why: 'refunds_change > 0.1', back: false, bends: [] },
    { from: 'lasting', to: 'end', why: 'otherwise', back: false, bends: [1, 1, 1] },
    { from: 'brief', to: 'choose', why: 'next', back: false, bends: [] },
    { from: 'choose', to: 'again', why: 'watch', back: false, bends: [] },
    { from: 'choose', to: 'end', why: 'mend', back: false, bends: [1] },
    { from: 'again', to: 'look', why: 'next', back: true, bends: [] },
  ],
  layers: 6,
  columns: 2,
};
const words: One['words'] = graph.nodes.map((node) => ({
  node: node.key,
  does:
    { measure: 'Reads Refund rate over 3 days.', decision: 'Asks you; after 2 days the safe answer is taken: watch.' }[
      node.kind
    ] ?? `${node.title}.`,
  goes: graph.edges
    .filter((e) => e.from === node.key)
    .map((e) => `Goes on to “${graph.nodes.find((n) => n.key === e.to)!.title}”.`),
  care: node.kind === 'effect' ? ['Tried 3 times, then the run fails.'] : [],
}));
const run = (id: string, more: Partial<RunBrief>): RunBrief => ({
  id,
  workflow: 'refund-spike',
  title: 'Refund spike',
  version: 2,
  state: 'waiting',
  started_at: NOW - 5 * HOUR,
  updated_at: NOW - 5 * HOUR,
  due: NOW + 43 * HOUR,
  at: ['What is done about the refunds?'],
  waits: ['your choice'],
  ended: null,
  ...more,
});
const RUNS = [
  run('run_000017', {}),
  run('run_000012', {
    version: 1,
    state: 'succeeded',
    started_at: NOW - 20 * DAY,
    due: null,
    at: [],
    waits: [],
    ended: 'Every path reached its end.',
  }),
];
const brief: All['workflows'][number] = {
  key: 'refund-spike',
  title: 'Refund spike',
  purpose: 'When refunds rise, it is checked whether they stay up, a brief is written, and what is done is asked.',
  version: 2,
  published_at: NOW - 6 * DAY,
  by: 'operator:9f2c41d07ab3e655',
  triggers: ['a finding that Refund rate got worse', 'by hand'],
  next_at: null,
  open: 1,
  in_force: true,
  last_run: RUNS[0]!,
};
const TEXT = `key = "refund-spike"
version = 2
title = "Refund spike"

[[node]]
key = "look"
kind = "measure"
metric = "refund_rate"
window = "3d"
next = "lasting"
`;
const definition = {
  key: 'refund-spike',
  version: 2,
  title: 'Refund spike',
  inputs: {
    headline: { kind: 'text', about: 'What was found, in a sentence', default: 'Refunds rose' },
    share: { kind: 'number', about: 'Share of customers' },
  },
  purpose: brief.purpose,
  needs: {},
  nodes: graph.nodes.map(({ key, title }) => ({ key, title, kind: 'end', outcome: 'succeeded' })),
  start: 'look',
  triggers: [],
  ceilings: {},
} as unknown as WorkflowDefinition;
const diff: Diff = {
  from: 1,
  to: 2,
  head: [],
  added: ['again'],
  removed: [],
  changed: [{ node: 'choose', fields: [{ path: 'within', before: '1 day', after: '2 days' }] }],
  edges_added: [{ from: 'choose', to: 'again', why: 'watch' }],
  edges_removed: [],
};
const shown = (): RunView => ({
  brief: RUNS[0]!,
  run: {
    id: 'run_000017',
    workflow: 'refund-spike',
    version: 2,
    state: 'waiting',
    variables: { refunds: 0.041, refunds_change: 0.34 },
    visits: { look: 1, lasting: 1, brief: 1, choose: 1 },
    started_at: NOW - 5 * HOUR,
    lives_until: NOW + 60 * DAY,
  } as unknown as RunView['run'],
  definition,
  graph,
  waits: [
    {
      key: 'c0ffee',
      node: 'choose',
      on: { kind: 'founder' },
      since: NOW - 5 * HOUR,
      due: NOW + 43 * HOUR,
      undoes: false,
    },
  ],
  decisions: { c0ffee: 'dec_000161' },
  steps: [
    {
      seq: 812,
      at: NOW - 5 * HOUR,
      actor: 'engine',
      event: { kind: 'answered' } as unknown as RunView['steps'][number]['event'],
      state: 'waiting',
      at_nodes: ['choose'],
      did: ['Asked you: What is done about the refunds?'],
    },
    {
      seq: 809,
      at: NOW - 5 * HOUR - 2000,
      actor: 'engine',
      event: { kind: 'measured' } as unknown as RunView['steps'][number]['event'],
      state: 'running',
      at_nodes: ['brief'],
      did: ['Proposed to write the brief'],
    },
    {
      seq: 808,
      at: NOW - 5 * HOUR - 3000,
      actor: 'engine',
      event: { kind: 'start' } as unknown as RunView['steps'][number]['event'],
      state: 'running',
      at_nodes: ['look'],
      did: ['Reads Refund rate'],
    },
  ],
  children: [],
});

const library = (bare: boolean): WorkflowLibraryView[] => {
  const shown = { text: TEXT, graph, words };
  return [
    {
      key: 'refund-spike',
      title: 'Refund spike',
      purpose: brief.purpose,
      triggers: brief.triggers,
      roles: [{ role: 'refunds', kind: 'metric', about: 'the share that is refunded', fits: ['refund_rate'] }],
      adopted: !bare,
      ...shown,
    },
    {
      key: 'weekly-brief',
      title: 'Weekly brief',
      purpose: 'Every Monday the week is summed up in a draft for you to send.',
      triggers: ['Mondays at 8:00'],
      roles: [
        {
          role: 'drafts',
          kind: 'effect',
          about: 'where drafts are written',
          fits: bare ? [] : ['drafts', 'support_desk'],
        },
        {
          role: 'revenue',
          kind: 'metric',
          about: 'what came in',
          fits: bare ? [] : ['mrr', 'order_value'],
        },
      ],
      adopted: false,
      ...shown,
    },
    {
      key: 'stock-reorder',
      title: 'Stock reorder',
      purpose: 'When stock runs low, the buyer is told and the order is put to you.',
      triggers: ['stock below 10'],
      roles: [{ role: 'stock', kind: 'metric', about: 'pieces in stock', fits: [] }],
      adopted: false,
      ...shown,
    },
  ];
};

/** What a read or command about procedures answers; `undefined` where it is about something else. */
export function procedures(name: string, args: Record<string, unknown>, bare: boolean): unknown {
  switch (name) {
    case 'workflows':
      return { workflows: bare ? [] : [brief], refused: [], open: bare ? 0 : 1 } satisfies All;
    case 'runs':
      return bare ? [] : RUNS.filter((one) => !args.open || one.ended === null);
    case 'workflow':
      return {
        brief,
        version: 2,
        definition,
        text: TEXT,
        graph,
        words,
        versions: [
          { version: 2, published_at: NOW - 6 * DAY, by: brief.by, hash: 'b2', open: 1 },
          { version: 1, published_at: NOW - 60 * DAY, by: brief.by, hash: 'b1', open: 0 },
        ],
        runs: RUNS,
        today: { starts_at: NOW - (NOW % DAY), runs: 1, calls: 2, spent_minor: 0 },
      } satisfies One;
    case 'workflow_check': {
      const lines = String(args.toml).split('\n');
      const line = lines.findIndex((one) => one.includes('metrik')) + 1;
      return {
        problems: line
          ? [
              {
                line,
                column: 1,
                path: 'node.look.metrik',
                message: '“metrik” is not known',
                hint: 'Did you mean metric?',
              },
            ]
          : [],
        definition: line ? null : definition,
        graph: line ? null : graph,
        words,
        published: 2,
        diff: line ? null : diff,
      } satisfies Check;
    }
    case 'workflow_diff':
      return diff;
    case 'workflow_migration':
    case 'workflow_migrate':
      return {
        workflow: 'refund-spike',
        from: 1,
        to: 2,
        nodes: {},
        runs: [{ run: 'run_000012', lands: [['choose', 'choose']], problems: [] }],
      } satisfies Migration;
    case 'workflow_library':
      return library(bare);
    case 'workflow_adopt':
      return procedures('workflow', args, bare);
    case 'workflow_publish':
      return { ...(procedures('workflow', args, bare) as One), version: 3 };
    case 'run':
    case 'workflow_run':
    case 'run_signal':
    case 'run_cancel':
      return shown();
    default:
      return undefined;
  }
}
