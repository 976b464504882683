/** The vocabulary of decisions: words, colours and icons that mean the same on every page. */
import Ban from '@lucide/svelte/icons/ban';
import Check from '@lucide/svelte/icons/check';
import CircleDashed from '@lucide/svelte/icons/circle-dashed';
import CircleHelp from '@lucide/svelte/icons/circle-question-mark';
import Clock from '@lucide/svelte/icons/clock';
import Eye from '@lucide/svelte/icons/eye';
import Hourglass from '@lucide/svelte/icons/hourglass';
import Play from '@lucide/svelte/icons/play';
import Replace from '@lucide/svelte/icons/replace';
import Target from '@lucide/svelte/icons/target';
import TriangleAlert from '@lucide/svelte/icons/triangle-alert';
import Undo from '@lucide/svelte/icons/undo-2';
import type { Component } from 'svelte';
import type { Act, Domain, Layer, Level, Reversibility, State, Strength } from './backend';

type Tone = 'quiet' | 'good' | 'warn' | 'bad' | 'info' | 'accent';
type Icon = Component<{ size?: number | string; strokeWidth?: number | string }>;

export const STATES: Record<State, { word: string; tone: Tone; icon: Icon; means: string }> = {
  draft: { word: 'Draft', tone: 'quiet', icon: CircleDashed, means: 'being written' },
  pending: { word: 'Waits for you', tone: 'warn', icon: Hourglass, means: 'a card in the inbox' },
  asked: { word: 'Asked', tone: 'info', icon: CircleHelp, means: 'its proposer was asked something by you' },
  approved: { word: 'Approved', tone: 'accent', icon: Check, means: 'may run, not yet sent' },
  rejected: { word: 'Vetoed', tone: 'quiet', icon: Ban, means: 'you said no' },
  expired: { word: 'Expired', tone: 'quiet', icon: Clock, means: 'nobody answered in time' },
  withdrawn: { word: 'Withdrawn', tone: 'quiet', icon: Undo, means: 'its reason went away' },
  superseded: { word: 'Superseded', tone: 'quiet', icon: Replace, means: 'a newer card took its place' },
  stale: { word: 'Stale', tone: 'warn', icon: TriangleAlert, means: 'a precondition no longer held' },
  executing: { word: 'Executing', tone: 'info', icon: Play, means: 'the effect is on its way' },
  executed: { word: 'Executed', tone: 'info', icon: Check, means: 'the effect was acknowledged' },
  failed: { word: 'Failed', tone: 'bad', icon: TriangleAlert, means: 'the effect did not happen' },
  in_doubt: { word: 'In doubt', tone: 'bad', icon: CircleHelp, means: 'sent, but the answer is unknown' },
  observing: { word: 'Observing', tone: 'info', icon: Eye, means: 'its horizon is still running' },
  scored: { word: 'Scored', tone: 'good', icon: Target, means: 'prediction compared with what happened' },
};
export const STATE_ORDER: State[] = [
  'pending',
  'asked',
  'approved',
  'executing',
  'observing',
  'executed',
  'scored',
  'in_doubt',
  'failed',
  'stale',
  'rejected',
  'expired',
  'withdrawn',
  'superseded',
  'draft',
];

export const LEVELS: Record<Level, string> = {
  operational: 'Operational',
  tactical: 'Tactical',
  strategic: 'Strategic',
  sovereign: 'Sovereign',
};
export const LAYERS: Record<Layer, string> = {
  sovereign: 'Sovereign',
  commander: 'Commander',
  architect: 'Architect',
  strategist: 'Strategist',
  executor: 'Executor',
};

export const REVERSIBILITY: Record<Reversibility, { word: string; tone: Tone }> = {
  R0: { word: 'Nothing to undo', tone: 'quiet' },
  R1: { word: 'Free to undo', tone: 'good' },
  R2: { word: 'Undo at a cost', tone: 'warn' },
  R3: { word: 'Cannot be undone', tone: 'bad' },
};

export const STRENGTHS: Record<Strength, { word: string; bars: number; means: string }> = {
  experiment: { word: 'Experiment', bars: 4, means: 'randomised' },
  quasi: { word: 'Quasi-experiment', bars: 3, means: 'a comparison group, not randomised' },
  observational: { word: 'Observational', bars: 2, means: 'seen together, not compared' },
  expert: { word: 'Expert', bars: 1, means: 'a rule somebody wrote' },
};

/** `playbook:price_step` → `Price step playbook`, `experiment:ship` → `the result of an experiment`. */
export function proposer(name: string): string {
  const [kind = '', key = ''] = name.split(':', 2);
  if (kind === 'operator') return 'you';
  if (kind === 'experiment') return key === 'start' ? 'the plan of an experiment' : 'the result of an experiment';
  const text = key.replace(/[_-]+/g, ' ');
  return key ? `${text.charAt(0).toUpperCase()}${text.slice(1)} ${kind}` : name;
}

/** `operator:9f2c…` → `you (key 9f2c…)`. */
export function actor(name: string): string {
  const [kind = '', key = ''] = name.split(':', 2);
  if (kind === 'operator') return key ? `you (key ${key.slice(0, 8)})` : 'you';
  if (kind === 'playbook') return proposer(name);
  return key ? `${kind} ${key}` : kind;
}

/** What an act is about, by its key: the lever, the experiment, the effect, the workflow, or the answer to a question. */
export function actName(act: Act): string {
  switch (act.kind) {
    case 'set_lever':
      return act.lever;
    case 'start_experiment':
    case 'end_experiment':
      return act.experiment;
    case 'call':
      return act.effect;
    case 'start_workflow':
    case 'edit_workflow':
      return act.workflow;
    case 'choose':
      return act.choice;
  }
}

/** A domain as a heading. */
export function domainTitle(domain: Domain): string {
  const special: Partial<Record<Domain, string>> = { ux: 'UX', iot: 'IoT', saas: 'SaaS', ecommerce: 'E-commerce' };
  return special[domain] ?? domain.charAt(0).toUpperCase() + domain.slice(1);
}

/** With a capital first letter; nothing else is touched. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
