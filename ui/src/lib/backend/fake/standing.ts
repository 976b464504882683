/** What stands until it is taken back, made up: grants, stops, budgets, clients, the ladder, records of proposers. */
import { BackendError } from '../contract';
import type {
  BudgetView,
  CalibrationView,
  ClientView,
  Counterfactual,
  Decision,
  Grant,
  GrantTerms,
  Scope,
  Standing as Cell,
} from '../types';
import { DAY, NOW } from './series';

const OPERATOR = 'operator:9f2c41d07ab3e655';
const client = (id: string, more: Partial<ClientView>): ClientView => ({
  id,
  scopes: ['read', 'propose'],
  prefix: `ecm_${id.slice(0, 4)}`,
  created_at: NOW - 40 * DAY,
  revoked_at: null,
  open: 0,
  proposed: 0,
  scored: 0,
  inside: 0,
  halted: false,
  ...more,
});
const grant = (id: string, terms: GrantTerms, more: Partial<Grant> = {}): Grant => ({
  id,
  terms,
  signed: {
    decision: 'dec_000140',
    card_hash: '0'.repeat(64),
    verdict: { answer: 'delegate', terms },
    at: NOW - 9 * DAY,
    key: OPERATOR,
    signature: '',
  } as unknown as Grant['signed'],
  given_at: NOW - 9 * DAY,
  used: 2,
  revoked: null,
  ...more,
});
const BUDGETS: BudgetView[] = [
  {
    budget: 'autonomous_spend_per_day',
    title: 'What runs alone, a day',
    per: 'day',
    since: NOW - (NOW % DAY),
    amount_minor: 2000,
    spent_minor: 640,
    reserved_minor: 300,
    left_minor: 1060,
  },
  {
    budget: 'ads',
    title: 'Advertising',
    per: 'month',
    since: NOW - 21 * DAY,
    amount_minor: 400_000,
    spent_minor: 391_000,
    reserved_minor: 9000,
    left_minor: 0,
  },
];
const record = (proposer: string, more: Partial<CalibrationView>): CalibrationView => ({
  proposer,
  scored: 0,
  coverage: null,
  below: null,
  histogram: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  skill: null,
  factor: 1,
  off: null,
  drifting: false,
  ...more,
});

export class Standing {
  grants: Grant[];
  halts: Scope[];
  clients: ClientView[];

  constructor(private readonly bare: boolean) {
    this.grants = bare
      ? []
      : [
          grant('grant_000001', {
            proposer: 'playbook:price_step',
            target: 'lever pro_price',
            cap_minor: 17_900,
            uses: 5,
            until: NOW + 20 * DAY,
          }),
          grant(
            'grant_000002',
            { proposer: 'client:planner', target: 'effect alert', cap_minor: 0, uses: 3, until: NOW + 4 * DAY },
            { used: 3 },
          ),
        ];
    this.halts = bare ? [] : [{ scope: 'kind', kind: 'mail' }];
    this.clients = bare
      ? []
      : [
          client('planner', { open: 1, proposed: 34, scored: 21, inside: 17 }),
          client('local', { prefix: '', scopes: ['read'] }),
          client('intern', { revoked_at: NOW - 3 * DAY, proposed: 6, scored: 4, inside: 1, halted: true }),
        ];
  }

  /** What a read about these answers; `undefined` where it is about something else. */
  answer(name: string, decisions: readonly Decision[], args: Record<string, unknown>): unknown {
    switch (name) {
      case 'grants':
        return this.grants;
      case 'halts':
        return this.halts;
      case 'clients':
        return this.clients;
      case 'budgets':
        return this.bare ? BUDGETS.slice(0, 1).map((b) => ({ ...b, spent_minor: 0, reserved_minor: 0 })) : BUDGETS;
      case 'autonomy':
        return ladder(decisions);
      case 'calibration':
        return this.bare ? [] : RECORDS;
      case 'counterfactual':
        return { problems: [], counterfactual: heldAgainst(decisions, String(args.text)) };
      default:
        return undefined;
    }
  }

  /** What a command about these does; `undefined` where it is about something else. */
  act(name: string, args: Record<string, unknown>, now: number): unknown {
    const found = (id: unknown) => {
      const one = this.clients.find((c) => c.id === id && c.revoked_at === null);
      if (!one) throw new BackendError('not_found', `There is no client “${String(id)}”`, 'Look at the list again.');
      return one;
    };
    const same = (scope: Scope) => JSON.stringify(scope) === JSON.stringify(args.scope);
    switch (name) {
      case 'revoke_grant':
        for (const one of this.grants) if (one.id === args.id) one.revoked = now;
        return this.grants;
      case 'halt':
        if (!this.halts.some(same)) this.halts.push(args.scope as Scope);
        return this.halts;
      case 'release':
        if (!this.halts.some(same)) throw new BackendError('not_found', 'No such stop is in force', 'Look again.');
        this.halts = this.halts.filter((scope) => !same(scope));
        return this.halts;
      case 'make_client':
        if (this.clients.some((c) => c.id === args.name))
          throw new BackendError('invalid_argument', `There is a client “${String(args.name)}”`, 'Name it otherwise.');
        this.clients.push(client(String(args.name), { scopes: args.scopes as string[], created_at: now }));
        return { name: args.name, token: `ecm_${String(args.name)}_made_up_0123456789` };
      case 'renew_client':
        return { name: found(args.id).id, token: `ecm_${String(args.id)}_made_up_9876543210` };
      case 'revoke_client': {
        const one = found(args.name);
        const withdrawn = one.open > 0 ? ['dec_000158'] : [];
        Object.assign(one, { revoked_at: now, open: 0, halted: true });
        return { name: one.id, withdrawn };
      }
      default:
        return undefined;
    }
  }
}

const RECORDS: CalibrationView[] = [
  record('playbook:price_step', {
    scored: 44,
    coverage: [0.8, 0.66, 0.89],
    below: [0.11, 0.48, 0.91],
    histogram: [5, 4, 4, 5, 4, 4, 5, 4, 5, 4],
    skill: 0.31,
    factor: 1.02,
  }),
  record('client:planner', {
    scored: 21,
    coverage: [0.57, 0.37, 0.76],
    below: [0.29, 0.52, 0.86],
    histogram: [6, 1, 1, 2, 2, 2, 1, 1, 1, 4],
    skill: -0.08,
    factor: 1.4,
    off: 'its intervals are too narrow',
    drifting: true,
  }),
  record('playbook:support_alert', { scored: 2 }),
];

/** What the newest decision of each cell said of it. */
function ladder(decisions: readonly Decision[]): Cell[] {
  const newest: Record<string, { at: number; standing: Cell }> = {};
  for (const { standing, created_at: at } of decisions) {
    if (!standing) continue;
    const key = JSON.stringify(standing.cell);
    if (!newest[key] || newest[key].at < at) newest[key] = { at, standing };
  }
  return Object.values(newest).map((one) => one.standing);
}

function heldAgainst(decisions: readonly Decision[], text: string): Counterfactual {
  const nothing = { decisions: 0, ids: [], came_to: [], unknown: 0 };
  const runs = text.includes('Action::"execute"');
  const own = decisions.filter((d) => d.state === 'scored' || d.state === 'rejected').slice(0, 6);
  const base: Counterfactual = {
    looked_at: decisions.length,
    same: decisions.length - own.length,
    would_run: nothing,
    would_run_approved: 0,
    would_run_refused: 0,
    refused_predicted_minor: [0, 0, 0],
    would_ask: nothing,
    would_be_denied: nothing,
    no_longer_denied: nothing,
    minutes_saved: 0,
    waiting_minor: 0,
    difference: [],
    unknowable: ['What a refused decision would have brought: it was never done, and its forecast is not an outcome.'],
  };
  if (own.length === 0) return base;
  const came_to = [
    { unit: 'money', scored: 4, total: 84_300, low: 12_100, high: 156_500 },
    { unit: 'signup_rate', scored: 2, total: 0.004, low: null, high: null },
  ];
  const group = { decisions: own.length, ids: own.map((d) => d.id), came_to, unknown: 2 };
  return runs
    ? {
        ...base,
        would_run: group,
        would_run_approved: own.length - 2,
        would_run_refused: 2,
        refused_predicted_minor: [-4000, 9000, 31_000],
        minutes_saved: 18,
        waiting_minor: 4200,
      }
    : {
        ...base,
        would_ask: group,
        minutes_saved: -18,
        difference: [{ ...came_to[0]!, total: -84_300, low: -156_500, high: -12_100 }],
      };
}
