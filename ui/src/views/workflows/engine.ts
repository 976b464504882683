/** What the engine tells of procedures and takes from the founder: the shapes this page reads, and nothing of how they are drawn. */
import { PROVIDES, write, type ReadName } from '$lib/backend';
import { query, type Query } from '$lib/query.svelte';
import type { Diff } from './diff';
import type { Graph } from './shapes';

export type RunState =
  'running' | 'waiting' | 'compensating' | 'compensated' | 'succeeded' | 'failed' | 'cancelled' | 'quarantined';

export interface RunBrief {
  id: string;
  workflow: string;
  title: string;
  version: number;
  state: RunState;
  started_at: number;
  updated_at: number;
  due: number | null;
  at: string[];
  waits: string[];
  ended: string | null;
}
export interface Brief {
  key: string;
  title: string;
  purpose: string;
  version: number;
  published_at: number;
  by: string;
  triggers: string[];
  next_at: number | null;
  open: number;
  in_force: boolean;
  last_run: RunBrief | null;
}
export interface Problem {
  line: number;
  column: number;
  path: string;
  message: string;
  hint: string;
}
export interface All {
  workflows: Brief[];
  refused: { file: string; problems: Problem[] }[];
  open: number;
}
export interface NodeWords {
  node: string;
  does: string;
  goes: string[];
  care: string[];
}
export interface Input {
  kind: 'text' | 'number' | 'boolean';
  about: string;
  default?: string | number | boolean | null;
}
export interface Definition {
  key: string;
  version: number;
  title: string;
  inputs: Record<string, Input>;
  nodes: { key: string; title: string }[];
}
export interface Version {
  version: number;
  published_at: number;
  by: string;
  open: number;
}
export interface One {
  brief: Brief;
  version: number;
  definition: Definition;
  text: string;
  graph: Graph;
  words: NodeWords[];
  versions: Version[];
  runs: RunBrief[];
}
export interface Check {
  problems: Problem[];
  graph: Graph | null;
  words: NodeWords[];
  published: number | null;
  diff: Diff | null;
}
export interface Waiting {
  key: string;
  node: string;
  on: { kind: string; name?: string; run?: string };
  since: number;
  due: number | null;
  undoes: boolean;
}
export interface RunView {
  brief: RunBrief;
  run: {
    variables?: Record<string, unknown>;
    visits?: Record<string, number>;
    ended?: { reason: string; remaining?: string[] };
  };
  definition: Definition;
  graph: Graph;
  waits: Waiting[];
  decisions: Record<string, string>;
  steps: {
    seq: number;
    at: number;
    actor: string;
    event: { kind: string };
    state: RunState;
    at_nodes: string[];
    did: string[];
  }[];
  children: string[];
}
export interface Migration {
  workflow: string;
  from: number;
  to: number;
  runs: { run: string; lands: [string, string][]; problems: string[] }[];
}

/** Whether the engine behind the page has procedures. */
export const known = (): boolean => 'workflows' in PROVIDES;

export const reading = <T>(name: string, args: () => object | null): Query<T> =>
  query(name as ReadName, args as never) as Query<unknown> as Query<T>;
const send = write as unknown as (name: string, args: object) => Promise<unknown>;

export const publish = (toml: string) => send('workflow_publish', { toml }) as Promise<One>;
export const start = (key: string, input: Record<string, unknown>) =>
  send('workflow_run', { key, input }) as Promise<RunView>;
export const migrate = (key: string, from: number, to: number) =>
  send('workflow_migrate', { key, from, to, nodes: {} }) as Promise<Migration>;
export const signal = (run: string, name: string, payload: unknown, key: string) =>
  send('run_signal', { run, name, payload, key });
export const cancel = (run: string, reason: string) => send('run_cancel', { run, reason });

type Tone = 'quiet' | 'good' | 'warn' | 'bad' | 'info';
export const RUNS: Record<RunState, { word: string; tone: Tone; over: boolean }> = {
  running: { word: 'Running', tone: 'info', over: false },
  waiting: { word: 'Waiting', tone: 'info', over: false },
  compensating: { word: 'Being undone', tone: 'warn', over: false },
  compensated: { word: 'Undone', tone: 'quiet', over: true },
  succeeded: { word: 'Succeeded', tone: 'good', over: true },
  failed: { word: 'Failed', tone: 'bad', over: true },
  cancelled: { word: 'Cancelled', tone: 'quiet', over: true },
  quarantined: { word: 'Quarantined', tone: 'bad', over: true },
};

/** What a run waits for, by its kind. */
export function waitsFor(on: Waiting['on']): string {
  const words: Record<string, string> = {
    call: 'the answer to a call',
    pause: 'the end of a pause before the next attempt',
    time: 'its time',
    founder: 'your choice',
    measure: 'a figure',
    verdict: 'the verdict of an experiment',
    gather: 'the other paths',
  };
  if (on.kind === 'signal') return `the signal “${on.name ?? ''}”`;
  if (on.kind === 'child') return `the end of ${on.run ?? 'another run'}`;
  return words[on.kind] ?? on.kind;
}
