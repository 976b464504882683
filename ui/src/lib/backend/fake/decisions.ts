/** Artificial decisions: a few cards that wait, and a ledger long enough to scroll. */
import type {
  Act,
  Decision,
  DecisionView,
  Insight,
  JournalRow,
  Layer,
  Level,
  Prediction,
  ScoredPoint,
  State,
  Transition,
} from '../types';
import { actName } from '../../words';
import { DAY, HOUR, NOW, TODAY, band, chance, metricByKey, series } from './series';

export const hex = (seed: string, digits = 64): string => {
  let out = '';
  for (let i = 0; out.length < digits; i += 1)
    out += Math.floor(chance(`${seed}${i}`) * 0xffff)
      .toString(16)
      .padStart(4, '0');
  return out.slice(0, digits);
};

export const INSIGHTS: Insight[] = [
  {
    id: 'ins_000041',
    at: NOW - 5 * HOUR,
    kind: 'anomaly',
    metric: 'signup_rate',
    from: TODAY - 3 * DAY,
    to: TODAY,
    actual: 0.0396,
    expected: { p10: 0.0431, p50: 0.0449, p90: 0.0467, method: 'day of week and trend, last 8 weeks', history: 56 },
    score: -5.1,
    p_value: 0.0000004,
    good: false,
    drivers: [
      { segment: 'device', value: 'mobile', actual: 0.0261, expected: 0.0412, share: 0.84 },
      { segment: 'country', value: 'DE', actual: 0.0302, expected: 0.0431, share: 0.55 },
    ],
    headline: 'Signup rate is 11.2 % below what was expected since Thursday, most of it on mobile',
    continues: 'ins_000040',
    decisions: ['dec_000152'],
  },
  {
    id: 'ins_000042',
    at: NOW - 9 * HOUR,
    kind: 'anomaly',
    metric: 'first_reply',
    from: TODAY - 2 * DAY,
    to: TODAY,
    actual: 11_380,
    expected: { p10: 8700, p50: 9310, p90: 9980, method: 'day of week, last 8 weeks', history: 56 },
    score: 3.6,
    p_value: 0.0003,
    good: false,
    drivers: [{ segment: 'topic', value: 'export', actual: 15_100, expected: 9200, share: 0.71 }],
    headline: 'Support first reply takes 22 % longer than expected, mostly tickets about export',
    continues: null,
    decisions: ['dec_000151'],
  },
  {
    id: 'ins_000039',
    at: NOW - 2 * DAY,
    kind: 'threshold',
    metric: 'order_value',
    from: TODAY - 7 * DAY,
    to: TODAY,
    actual: 18.7,
    expected: null,
    score: 0,
    p_value: 1,
    good: null,
    drivers: [],
    headline: 'Order value has stayed below €19 for 7 days',
    continues: null,
    decisions: ['dec_000150'],
  },
];

export const prediction = (
  metric: string,
  p: [number, number, number],
  moneyMinor: [number, number, number] | null,
  p_worse: number,
  calibration = { scored: 41, inside: 32 },
): Prediction => ({
  metric,
  from: TODAY + DAY,
  to: TODAY + 15 * DAY,
  value: {
    p10: p[0],
    p50: p[1],
    p90: p[2],
    method: 'seasonal baseline with the effect of 3 earlier changes',
    history: 112,
  },
  money_minor: moneyMinor,
  p_worse,
  calibration,
});
export const nothing = (
  metric: string,
  p: [number, number, number],
  moneyMinor: [number, number, number] | null,
): Prediction => ({
  ...prediction(metric, p, moneyMinor, 0),
  value: { p10: p[0], p50: p[1], p90: p[2], method: 'seasonal baseline, carried forward', history: 112 },
});

type Card = Pick<Decision, 'id' | 'headline' | 'act' | 'prediction' | 'nothing' | 'dry_run'> & Partial<Decision>;

export function decision(card: Card): Decision {
  const created = card.created_at ?? NOW - 5 * HOUR;
  return {
    state: 'pending',
    created_at: created,
    level: 'tactical',
    layer: 'strategist',
    domain: 'product',
    proposer: 'playbook:recover_conversion',
    policy_version: '7f3c19ab02de',
    act_hash: hex(`act${card.id}`),
    idempotency_key: hex(`key${card.id}`, 32),
    goal: null,
    insight: 'ins_000041',
    evidence: [],
    counter_evidence: [],
    counter_search: 'other segments of signup rate, 8 earlier weeks, releases and lever changes of the last 14 days',
    alternatives: [],
    cost_minor: 0,
    stake_minor: null,
    budget_left_minor: 2000,
    founder_minutes: 2,
    reversibility: 'R1',
    undo: 'Set the lever back; nothing else remains.',
    blast_radius: 'All visitors',
    worst_case: 'No effect on signups',
    delay_cost_per_day_minor: null,
    expires_at: created + 2 * DAY,
    on_expiry: 'It is rejected by the system and stays in the ledger.',
    preconditions: [],
    guardrails: [],
    policy: { answer: 'ask', rule: 'ask-above-20-eur', reason: 'The stake is above €20, so the founder is asked.' },
    editable: [],
    precedents: [],
    deferred_until: null,
    history: [
      { at: created - 60_000, to: 'draft', actor: 'engine', reason: 'the playbook fired' },
      { at: created, to: 'pending', actor: 'engine', reason: 'policy ask-above-20-eur: the stake is above €20' },
    ],
    outcome: null,
    ...card,
  };
}

const rows = (metric: string, segment: [string, string] | null = null) => ({
  metric,
  from: TODAY - 3 * DAY,
  to: TODAY,
  segment,
});

export const PENDING: Decision[] = [
  decision({
    id: 'dec_000152',
    level: 'strategic',
    layer: 'commander',
    domain: 'product',
    reversibility: 'R2',
    headline: 'Turn the new checkout off for mobile until the signup rate recovers',
    dry_run: 'new_checkout_mobile: on -> off',
    act: { kind: 'set_lever', lever: 'new_checkout_mobile', from: true, to: false },
    goal: 'Monthly recurring revenue €20,000 by 31 March 2027',
    evidence: [
      {
        text: 'Mobile carries 84 % of the drop: 2.61 % against 4.12 % expected',
        strength: 'quasi',
        at: TODAY,
        insight: 'ins_000041',
        rows: rows('signup_rate', ['device', 'mobile']),
      },
      {
        text: 'Desktop visitors, who never saw the new checkout, signed up as expected',
        strength: 'quasi',
        at: TODAY,
        insight: 'ins_000041',
        rows: rows('signup_rate', ['device', 'desktop']),
      },
      {
        text: 'The lever was switched on 40 minutes before the first low bucket',
        strength: 'observational',
        at: TODAY - 3 * DAY,
        insight: null,
        rows: null,
      },
    ],
    counter_evidence: [
      {
        text: 'Visits from Germany were 6 % higher than expected, so part of the drop may be a different mix of visitors',
        strength: 'observational',
        at: TODAY,
        insight: null,
        rows: rows('visits', ['country', 'DE']),
      },
    ],
    prediction: prediction('signup_rate', [0.0421, 0.0446, 0.0468], [9000, 26_000, 43_000], 0.04),
    nothing: nothing('signup_rate', [0.0362, 0.0394, 0.0441], [-41_000, -24_000, -2000]),
    alternatives: [
      {
        what: 'Keep it on and wait for more data',
        why_not: 'Each day costs about €37; three more days would narrow the interval by a fifth only.',
      },
      { what: 'Turn it off for everybody', why_not: 'Desktop shows no harm, and 61 % of signups come from there.' },
    ],
    stake_minor: 43_000,
    cost_minor: 1500,
    undo: 'Switch the lever on again: one click, but visitors see two checkouts within a week.',
    blast_radius: '38 % of visitors, none of the paying accounts',
    worst_case: 'The old checkout loses 2 % of desktop-grade conversions: about €60 over two weeks',
    delay_cost_per_day_minor: 3700,
    expires_at: NOW + 19 * HOUR,
    preconditions: [
      { kind: 'lever_is', lever: 'new_checkout_mobile', value: true },
      { kind: 'before', at: NOW + 19 * HOUR },
    ],
    guardrails: ['Refund rate worsens by at most 0.5 points'],
    precedents: [
      {
        decision: 'dec_000118',
        headline: 'Turn the one-page checkout off for tablets',
        predicted: 0.041,
        actual: 0.0424,
      },
    ],
    standing: {
      cell: { proposer: 'playbook:recover_conversion', act: 'set_lever', reversibility: 'R2', size: 'large' },
      level: 'propose',
      cases: 6.4,
      acceptable: 5.6,
      lower: 0.55,
      threshold: 0.99,
      missing: ['About 290 more acceptable cases without a bad one', 'R2 may run alone only with 99 % certainty'],
      lowered: [NOW - 40 * DAY, 'you vetoed dec_000131 after it ran'],
    },
    budgets: [
      { budget: 'product', title: 'Product changes', amount_minor: 10_000, left_minor: 4200 },
      { budget: 'company', title: 'Company', amount_minor: 50_000, left_minor: 31_000 },
    ],
    conflicts: [
      {
        decision: 'dec_000154',
        on: 'metric signup_rate',
        resolution: 'It waits until this one is answered: both would move the signup rate at the same time.',
      },
    ],
    policy: {
      answer: 'ask',
      rule: 'ask-strategic',
      reason: 'Strategic decisions ask, and €430 at stake is above the €20 the engine may risk alone.',
    },
  }),
  decision({
    id: 'dec_000150',
    level: 'tactical',
    layer: 'strategist',
    domain: 'pricing',
    reversibility: 'R1',
    proposer: 'playbook:price_step',
    insight: 'ins_000039',
    created_at: NOW - 26 * HOUR,
    headline: 'Raise the price of Pro from €29 to €31 for new customers',
    dry_run: 'pro_price: 29 -> 31',
    act: { kind: 'set_lever', lever: 'pro_price', from: 29, to: 31 },
    evidence: [
      {
        text: 'Order value has stayed below €19 for 7 days',
        strength: 'observational',
        at: TODAY,
        insight: 'ins_000039',
        rows: rows('order_value'),
      },
    ],
    prediction: prediction('order_value', [18.6, 19.9, 21.1], [-2200, 8100, 17_900], 0.18, { scored: 9, inside: 7 }),
    nothing: nothing('order_value', [18.1, 18.8, 19.6], [0, 0, 0]),
    alternatives: [
      { what: 'Raise to €32', why_not: 'Nothing at or above €32 was ever seen; the interval would be twice as wide.' },
    ],
    stake_minor: 17_900,
    delay_cost_per_day_minor: 580,
    blast_radius: 'New customers only, about 9 a day',
    worst_case: 'Fewer new customers: about €22 over two weeks',
    expires_at: NOW + 2 * DAY + 4 * HOUR,
    editable: [{ field: 'to', min: 19, max: 49, step: 1, options: [] }],
    audited: true,
    talk: [
      { at: NOW - 5 * HOUR, by: 'operator:9f2c41d07ab3e655', text: 'Why not wait for the next billing run?' },
      {
        at: NOW - 5 * HOUR + 2000,
        by: 'playbook:price_step',
        text: 'New customers pay at once; waiting until 1 December costs about €5.80 a day and tells nothing new.',
      },
    ],
    preconditions: [{ kind: 'lever_is', lever: 'pro_price', value: 29 }],
    guardrails: ['Signup rate worsens by at most 5 %'],
    precedents: [
      { decision: 'dec_000097', headline: 'Raise the price of Pro from €27 to €29', predicted: 18.1, actual: 18.6 },
      { decision: 'dec_000061', headline: 'Raise the price of Team from €69 to €75', predicted: 22.4, actual: 21.2 },
    ],
  }),
  decision({
    id: 'dec_000151',
    level: 'operational',
    layer: 'executor',
    domain: 'support',
    reversibility: 'R3',
    proposer: 'playbook:support_alert',
    insight: 'ins_000042',
    created_at: NOW - 9 * HOUR,
    headline: 'Tell the support desk that tickets about export pile up',
    dry_run: 'POST hooks.example.invalid {"topic": "export", "waiting": 9}',
    act: { kind: 'call', effect: 'support_desk', payload: { topic: 'export', waiting: 9 } },
    evidence: [
      {
        text: 'Tickets about export wait 4 h 12 m, others 2 h 33 m',
        strength: 'observational',
        at: TODAY,
        insight: 'ins_000042',
        rows: rows('first_reply', ['topic', 'export']),
      },
    ],
    prediction: prediction('first_reply', [8200, 9400, 11_000], null, 0.21, { scored: 0, inside: 0 }),
    nothing: nothing('first_reply', [9900, 11_300, 13_200], null),
    undo: 'A message that was sent cannot be called back.',
    blast_radius: '3 people at the support desk',
    worst_case: 'A needless message',
    stake_minor: null,
    expires_at: NOW + 30 * HOUR,
    policy: { answer: 'ask', rule: 'ask-r3', reason: 'What cannot be undone always asks.' },
  }),
  decision({
    id: 'dec_000155',
    level: 'tactical',
    layer: 'strategist',
    domain: 'product',
    proposer: 'experiment:ship',
    created_at: NOW - 3 * HOUR,
    headline: 'Give everyone the shorter tour: it raises activation by 7.0 %',
    dry_run: 'search_v2: off -> on for everyone, arms of shorter_tour taken back',
    act: { kind: 'end_experiment', experiment: 'shorter_tour', lever: 'search_v2', from: false, ship: true },
    evidence: [
      {
        text: 'Activation is 7.0 % higher with the shorter tour (2.4 to 11.7), 11,760 people, 14 looks',
        strength: 'experiment',
        at: NOW - 3 * HOUR,
        insight: null,
        rows: rows('activation_d7'),
      },
    ],
    prediction: prediction('activation_d7', [0.318, 0.332, 0.346], [21_000, 62_000, 104_000], 0.002),
    nothing: nothing('activation_d7', [0.302, 0.311, 0.32], [0, 0, 0]),
    stake_minor: 62_000,
    blast_radius: 'Everyone who takes the tour',
    worst_case: 'A part of the effect fades; a test again is planned in 90 days',
    expires_at: NOW + 3 * DAY,
    preconditions: [{ kind: 'lever_is', lever: 'search_v2', value: false }],
  }),
  decision({
    id: 'dec_000154',
    level: 'operational',
    layer: 'strategist',
    domain: 'content',
    proposer: 'experiment:start',
    created_at: NOW - 6 * HOUR,
    headline: 'Test a headline about time saved against the one in force',
    dry_run: 'headline: arms control, time at 50 % each for 40 % of visitors',
    act: {
      kind: 'start_experiment',
      experiment: 'headline_time',
      lever: 'headline',
      arms: [
        { key: 'control', value: 'Notes that stay found', weight: 0.5 },
        { key: 'time', value: 'An hour back, every day', weight: 0.5 },
      ],
      share: 0.4,
      audience: "plan == 'free' && country in ['DE', 'AT']",
      slice: { layer: 'start_page', from: 0, to: 0.4 },
    },
    evidence: [
      {
        text: 'Tickets name time saved 3.1 times as often as finding notes again',
        strength: 'observational',
        at: TODAY,
        insight: null,
        rows: null,
      },
    ],
    prediction: prediction('signup_rate', [0.0449, 0.0457, 0.0466], [-900, 1900, 5200], 0.31),
    nothing: nothing('signup_rate', [0.0447, 0.0453, 0.0459], [0, 0, 0]),
    stake_minor: 5200,
    blast_radius: '40 % of visitors on the free plan in Germany and Austria',
    worst_case: 'Fewer signups among 20 % of those visitors for 19 days',
    expires_at: NOW + 4 * DAY,
    preconditions: [{ kind: 'lever_is', lever: 'headline', value: 'Notes that stay found' }],
  }),
];

const LATER: State[] = [
  'scored',
  'scored',
  'scored',
  'scored',
  'observing',
  'executed',
  'rejected',
  'expired',
  'superseded',
  'failed',
  'scored',
  'in_doubt',
  'withdrawn',
  'stale',
];
const LAYERS: [Layer, Level][] = [
  ['strategist', 'tactical'],
  ['executor', 'operational'],
  ['commander', 'strategic'],
  ['strategist', 'operational'],
];
const SUBJECTS: [string, string, string, number][] = [
  ['Raise the price of Pro by one step', 'pro_price', 'order_value', 19],
  ['Shorten the welcome tour', 'tour_steps', 'activation_d7', 0.31],
  ['Show annual plans first', 'annual_first', 'revenue', 1240],
  ['Ask for a review after the third note', 'review_prompt', 'signup_rate', 0.045],
  ['Send the reply reminder one hour earlier', 'reply_reminder_h', 'first_reply', 9300],
];

function past(index: number): Decision {
  const id = `dec_${String(index).padStart(6, '0')}`;
  const [what, lever, metric, level] = SUBJECTS[index % SUBJECTS.length]!;
  const state =
    index > 146
      ? (['observing', 'executing', 'observing'] as State[])[index - 147]!
      : LATER[Math.floor(chance(id) * LATER.length)]!;
  const [layer, lvl] = LAYERS[index % LAYERS.length]!;
  const at = NOW - (153 - index) * 31 * HOUR;
  const p50 = level * (1 + 0.06 * (chance(`${id}m`) - 0.3));
  const half = level * (0.02 + 0.05 * chance(`${id}w`));
  const actual = p50 + half * 2.3 * (chance(`${id}x`) + chance(`${id}y`) - 1);
  const inside = actual >= p50 - half && actual <= p50 + half;
  const money = metric === 'revenue' || metric === 'order_value';
  const step = (to: State, hours: number, actor: string, reason: string): Transition => ({
    at: at + hours * HOUR,
    to,
    actor,
    reason,
  });
  const history: Transition[] = [
    step('draft', -0.02, 'engine', 'the playbook fired'),
    step('pending', 0, 'engine', 'policy ask-above-20-eur'),
  ];
  const approved = ['scored', 'observing', 'executed', 'executing', 'failed', 'in_doubt', 'stale'].includes(state);
  if (approved) history.push(step('approved', 2, 'operator:9f2c41d07ab3e655', 'approved on the card'));
  if (approved && state !== 'stale') history.push(step('executing', 2, 'engine', 'effect sent'));
  if (['scored', 'observing', 'executed'].includes(state))
    history.push(step('executed', 2.01, 'engine', 'acknowledged by the lever service'));
  if (['scored', 'observing'].includes(state)) history.push(step('observing', 2.02, 'engine', 'horizon of 7 days'));
  const last: Partial<Record<State, [string, string]>> = {
    scored: ['engine', 'horizon closed'],
    rejected: ['operator:9f2c41d07ab3e655', 'not_now: after the holidays'],
    expired: ['system', 'nobody answered in 2 days'],
    superseded: ['engine', 'a newer card sets the same lever'],
    failed: ['engine', 'the provider answered 422'],
    in_doubt: ['system', 'the process ended while the effect was being sent'],
    withdrawn: ['engine', 'the anomaly ended by itself'],
    stale: ['engine', 'the lever was changed outside'],
  };
  const end = last[state];
  if (end) history.push(step(state, state === 'scored' ? 170 : 30, end[0], end[1]));
  const from = 20 + (index % 7);
  const act: Act = { kind: 'set_lever', lever, from, to: from + 1 };
  return decision({
    id,
    state,
    headline: what,
    layer,
    level: lvl,
    created_at: at,
    act,
    dry_run: `${lever}: ${from} -> ${from + 1}`,
    domain: money ? 'pricing' : 'product',
    proposer: `playbook:${lever}`,
    history,
    expires_at: at + 2 * DAY,
    prediction: {
      ...prediction(metric, [p50 - half, p50, p50 + half], money ? [-1200, 5200, 11_000] : null, 0.2),
      from: at + 3 * HOUR,
      to: at + 170 * HOUR,
    },
    nothing: {
      ...nothing(metric, [level - half, level, level + half], money ? [0, 0, 0] : null),
      from: at + 3 * HOUR,
      to: at + 170 * HOUR,
    },
    stake_minor: money ? 11_000 : null,
    outcome:
      state === 'scored'
        ? {
            at: at + 170 * HOUR,
            actual,
            inside,
            against_nothing: actual - level,
            money_minor: money ? Math.round((actual - level) * 90_000 * (19 / level) * 0.03) : null,
            loss: Math.abs(actual - p50) / (half * 2) / 3,
            note: 'Compared with the forecast for doing nothing; other changes in the same week may have helped or hurt.',
          }
        : null,
  });
}

export const LEDGER: Decision[] = [...PENDING, ...Array.from({ length: 149 }, (_, i) => past(149 - i))];

export const scored = (all: Decision[]): ScoredPoint[] =>
  all
    .filter((d) => d.outcome)
    .map((d) => ({
      decision: d.id,
      at: d.outcome!.at,
      p10: d.prediction.value.p10,
      p50: d.prediction.value.p50,
      p90: d.prediction.value.p90,
      actual: d.outcome!.actual,
      inside: d.outcome!.inside,
    }))
    .sort((a, b) => a.at - b.at);

export const cardHash = (d: Decision) => hex(`card${d.id}${JSON.stringify(d.act)}`);

export function detail(d: Decision): DecisionView {
  const metric = metricByKey(d.prediction.metric);
  const known = INSIGHTS.find((i) => i.id === d.insight) ?? null;
  const insight =
    known?.metric === d.prediction.metric || !known
      ? known
      : {
          ...known,
          id: `ins_${d.id.slice(4)}`,
          metric: d.prediction.metric,
          at: d.created_at - HOUR,
          from: d.created_at - DAY,
          to: d.created_at,
          decisions: [d.id],
          headline: `${metric?.title ?? ''} left its band`,
          drivers: [],
        };
  let prev = hex(`${d.id}genesis`);
  const journal: JournalRow[] = d.history.map((t, i) => {
    const hash = hex(`${d.id}${i}`);
    const row: JournalRow = {
      seq: 2000 + Number(d.id.slice(4)) * 9 + i,
      at: t.at,
      kind: t.actor.startsWith('operator') ? 'input' : 'action',
      actor: t.actor,
      cause: i > 0 ? 1999 + Number(d.id.slice(4)) * 9 + i : null,
      body: { type: 'decision', id: d.id, to: t.to, reason: t.reason },
      prev,
      hash,
    };
    prev = hash;
    return row;
  });
  const sent = d.history.find((t) => t.to === 'executing');
  const from = Math.max(d.created_at - 28 * DAY, TODAY - 399 * DAY);
  const to = Math.min(NOW, d.prediction.to);
  return {
    decision: d,
    card_hash: cardHash(d),
    insight,
    journal,
    effect: sent
      ? {
          decision: d.id,
          idempotency_key: d.idempotency_key,
          state:
            d.state === 'failed'
              ? 'failed'
              : d.state === 'in_doubt'
                ? 'in_doubt'
                : d.state === 'executing'
                  ? 'sending'
                  : 'done',
          attempts: d.state === 'failed' ? 3 : 1,
          target: 'lever' in d.act ? `lever ${d.act.lever}` : actName(d.act),
          promise: 'Effectively once: carries our key',
          last_error: d.state === 'failed' ? 'the provider answered 422: value not allowed' : null,
          next_at: null,
          done_at: d.state === 'executing' ? null : sent.at + 400,
        }
      : null,
    series: metric ? series(metric, from, to, 'day') : null,
    band: metric ? band(metric, from, to, 'day') : [],
  };
}
