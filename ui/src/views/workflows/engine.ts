/** Commands about procedures, and words for the states of a run and what it waits for. */
import { write, type WorkflowRunState, type WorkflowWaitOn, type WriteArgs } from '$lib/backend';

export const publish = (toml: string) => write('workflow_publish', { toml });
export const adopt = (key: string, roles: Record<string, string>) => write('workflow_adopt', { key, roles });
export const start = (key: string, input: WriteArgs<'workflow_run'>['input']) => write('workflow_run', { key, input });
export const migrate = (key: string, from: number, to: number) =>
  write('workflow_migrate', { key, from, to, nodes: {} });
export const signal = (run: string, name: string, payload: unknown, key: string) =>
  write('run_signal', { run, name, payload, key });
export const cancel = (run: string, reason: string) => write('run_cancel', { run, reason });

type Tone = 'quiet' | 'good' | 'warn' | 'bad' | 'info';
export const RUNS: Record<WorkflowRunState, { word: string; tone: Tone; over: boolean }> = {
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
export function waitsFor(on: WorkflowWaitOn): string {
  const words: Record<string, string> = {
    call: 'the answer to a call',
    pause: 'the end of a pause before the next attempt',
    time: 'its time',
    founder: 'your choice',
    measure: 'a figure',
    verdict: 'the verdict of an experiment',
    gather: 'the other paths',
  };
  if (on.kind === 'signal') return `the signal “${on.name}”`;
  if (on.kind === 'child') return `the end of ${on.run}`;
  return words[on.kind] ?? on.kind;
}
