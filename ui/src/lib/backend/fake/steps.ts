/** Artificial cards of procedures: a question, a call without a prediction, one that cools off. */
import type { Decision, Prediction } from '../types';
import { decision, nothing, prediction } from './decisions';
import { DAY, HOUR, NOW } from './series';

/** A step of a procedure says nothing of a KPI. */
const NONE: Prediction = {
  ...prediction('', [0, 0, 0], null, 0, { scored: 0, inside: 0 }),
  value: { p10: 0, p50: 0, p90: 0, method: '', history: 0 },
};

const step = (node: string) => ({ run: 'run_000017', node });

export const STEPS: Decision[] = [
  decision({
    id: 'dec_000161',
    proposer: 'workflow:refund-spike',
    origin: step('choose'),
    level: 'tactical',
    domain: 'support',
    reversibility: 'R0',
    headline: 'Refunds are 34 % up over three days, mostly country DE. What is done?',
    dry_run: 'answer: watch',
    act: {
      kind: 'choose',
      question: 'Refunds are 34 % up over three days, mostly country = DE. What is done?',
      options: ['mend', 'watch', 'stop'],
      choice: 'watch',
    },
    editable: [{ field: 'choice', min: null, max: null, step: null, options: ['mend', 'watch', 'stop'] }],
    prediction: NONE,
    nothing: NONE,
    counter_search: '',
    blast_radius: 'nobody',
    worst_case: 'Three days pass',
    undo: 'Answer the next question otherwise.',
    stake_minor: 0,
    expires_at: NOW + 40 * HOUR,
    on_expiry: 'The safe answer is taken: watch.',
  }),
  decision({
    id: 'dec_000162',
    proposer: 'workflow:launch',
    origin: step('tell_customers'),
    level: 'operational',
    domain: 'marketing',
    reversibility: 'R3',
    cost_minor: 4200,
    headline: 'Write to 1,240 customers that the new editor is there',
    dry_run: 'mail customers: “The new editor is there”, 1,240 receivers',
    act: {
      kind: 'call',
      effect: 'customer_mail',
      payload: { subject: 'The new editor is there', text: 'It opens three times as fast.', receivers: 1240 },
    },
    editable: [{ field: 'payload.subject', min: null, max: null, step: null, options: [] }],
    budgets: [{ budget: 'mail', title: 'Mail', amount_minor: 5000, left_minor: 3000 }],
    prediction: NONE,
    nothing: NONE,
    counter_search: '',
    blast_radius: '1,240 customers',
    worst_case: 'Some of them leave the list',
    undo: 'A mail that was sent cannot be called back.',
    stake_minor: null,
    expires_at: NOW + 4 * HOUR,
    created_at: NOW - 44 * HOUR,
    preconditions: [{ kind: 'workflow_is', workflow: 'launch', version: 2 }],
  }),
  decision({
    id: 'dec_000163',
    proposer: 'client:planner',
    state: 'approved',
    level: 'sovereign',
    layer: 'sovereign',
    domain: 'operations',
    reversibility: 'R2',
    cools_until: NOW + 9 * HOUR,
    headline: 'Offer the product in Poland',
    dry_run: 'workflow launch, version 2: {"country": "PL"}',
    act: { kind: 'start_workflow', workflow: 'launch', version: 2, input: { country: 'PL' } },
    prediction: { ...prediction('revenue', [900, 1180, 1460], [-20_000, 140_000, 320_000], 0.14), to: NOW + 40 * DAY },
    nothing: nothing('revenue', [980, 1010, 1040], [0, 0, 0]),
    stake_minor: 320_000,
    created_at: NOW - DAY,
    history: [
      { at: NOW - DAY, to: 'pending', actor: 'engine', reason: 'sovereign decisions ask' },
      { at: NOW - 3 * HOUR, to: 'approved', actor: 'operator:9f2c41d07ab3e655', reason: 'approved on the card' },
    ],
  }),
];
