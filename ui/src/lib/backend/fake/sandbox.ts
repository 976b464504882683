/** An artificial simulation: what is simulated is made up, too. */
import type { SandboxTruthView, SandboxView, ScenarioView } from '../types';
import { DAY, HOUR, NOW, TODAY, chance } from './series';

const FROM = TODAY - 142 * DAY;
const YEARS = [
  ['calm', 'an ordinary year'],
  ['drifting', 'a year of drift'],
  ['shocked', 'a year of shocks'],
  ['seasonal', 'a year of seasons'],
  ['delayed', 'a year of late answers'],
  ['adversarial', 'a year among cheats'],
] as const;
const COMPANIES = [
  ['shop', 'Northwind Goods'],
  ['saas', 'Northwind Notes'],
  ['marketplace', 'Northwind Market'],
] as const;
/** A word that only the engine's own description of a year has: the page must not show it. */
export const SPOILER = 'one real fault hides in October';

export const scenarios = (): ScenarioView[] => [
  ...COMPANIES.flatMap(([company, name]) =>
    YEARS.map(([year, title]) => ({
      name: `${company}-${year}`,
      title: `${name}, ${title}`,
      company,
      what: `A made-up year; ${SPOILER}.`,
      days: 365,
      customers: 60_000,
    })),
  ),
  { name: 'tiny', title: 'Corner Goods', company: 'shop', what: SPOILER, days: 56, customers: 6000 },
];

const INJECTABLE = [
  ['price_war', 'A competitor undercuts'],
  ['checkout_bug', 'Purchases fail'],
  ['outage', 'Visits get an error page'],
  ['server_slow', 'Pages are slow'],
  ['viral_post', 'A post goes round'],
  ['tracking_lost', 'Browser events are lost'],
  ['spam_tickets', 'Spam in the inbox'],
] as const;

export type Simulated = 'filling' | 'running' | 'held' | 'ended' | 'truth';

export function simulation(scene: Simulated, name = 'shop-shocked'): SandboxView {
  const scenario = scenarios().find((one) => one.name === name);
  const filling = scene === 'filling';
  const until = FROM + 365 * DAY;
  return {
    scenario: name,
    title: scenario?.title ?? name,
    company: scenario?.company ?? 'shop',
    seed: 1,
    from: FROM,
    now: filling ? FROM + 34 * DAY : scene === 'ended' ? until : NOW,
    until,
    history_until: FROM + 90 * DAY,
    phase: filling ? 'filling' : scene === 'ended' ? 'ended' : 'running',
    progress: filling ? 0.38 : 0.39,
    events: filling ? 88_410 : 412_906,
    speed: 86_400,
    hold: scene === 'held',
    held: scene === 'held',
    skipping_until: null,
    transport: 'live',
    injectable: INJECTABLE.map(([kind, what]) => ({ kind, what })),
    injected: [],
    problem: null,
  };
}

export function truth(view: SandboxView): SandboxTruthView {
  const days = Math.max(1, Math.round((view.now - view.from) / DAY));
  const money = Array.from({ length: days }, (_, i) => {
    const nothing = Math.round(
      52_000 + 9000 * Math.sin(i / 1.12) + 14_000 * chance(`n${i}`) - (i > 60 && i < 66 ? 31_000 : 0),
    );
    const oracle = nothing + Math.round(16_000 * Math.min(1, i / 20) + 3000 * chance(`o${i}`));
    const actual =
      nothing + Math.round((oracle - nothing) * (i < 90 ? 0 : 0.62) + (i < 90 ? 0 : 2500 * (chance(`a${i}`) - 0.5)));
    return { day: view.from + i * DAY, actual, nothing, oracle };
  });
  const sum = (key: 'actual' | 'nothing' | 'oracle') => money.reduce((all, one) => all + one[key], 0);
  const [actual, nothing, oracle] = [sum('actual'), sum('nothing'), sum('oracle')];
  const at = (dayOf: number, hours: number) => view.from + dayOf * DAY + hours * HOUR;
  return {
    scenario: view.scenario,
    seed: view.seed,
    from: view.from,
    until: view.now,
    currency: 'EUR',
    incidents: [
      {
        key: 'mobile_checkout',
        kind: 'checkout_bug',
        what: 'a release breaks the last step of checkout',
        start: at(60, 14),
        end: at(66, 0),
        segment: ['device', 'mobile'],
        shows: ['checkout_rate', 'revenue'],
        found_at: at(60, 19),
        insight: 'ins_000014',
        metric: 'checkout_rate',
        localised: true,
      },
      {
        key: 'rival',
        kind: 'price_war',
        what: 'a competitor undercuts',
        start: at(96, 0),
        end: at(110, 0),
        segment: null,
        shows: ['orders', 'revenue'],
        found_at: at(100, 6),
        insight: 'ins_000021',
        metric: 'orders',
        localised: null,
      },
      {
        key: 'tag',
        kind: 'tracking_lost',
        what: 'the tag of the shop loses browser events',
        start: at(118, 9),
        end: at(121, 0),
        segment: ['country', 'FR'],
        shows: ['visits'],
        found_at: at(119, 9),
        insight: null,
        metric: 'visits',
        localised: false,
      },
      {
        key: 'parcels',
        kind: 'carrier_delay',
        what: 'the carrier is late',
        start: at(131, 0),
        end: at(139, 0),
        segment: null,
        shows: ['refund_rate', 'tickets'],
        found_at: null,
        insight: null,
        metric: null,
        localised: null,
      },
    ],
    planned: [
      { what: 'New year', start: at(-60, 0), end: at(-59, 0) },
      { what: 'Spring sale', start: at(44, 0), end: at(51, 0) },
    ],
    money,
    edges: [
      { from: 'price_index', to: 'orders', sign: -1, elasticity: -1.42, lag_days: 0 },
      { from: 'spend_search', to: 'visits', sign: 1, elasticity: 0.18, lag_days: 2 },
      { from: 'delivery_promise', to: 'checkout_rate', sign: -1, elasticity: -0.11, lag_days: 0 },
      { from: 'checkout_rate', to: 'revenue', sign: 1, elasticity: 1, lag_days: 0 },
      { from: 'delivery_days', to: 'refund_rate', sign: 1, elasticity: 0.74, lag_days: 6 },
    ],
    levers: [
      {
        lever: 'price_index',
        now: 104,
        best: 112,
        oracle: 112,
        settings: [
          { value: 96, minor_per_day: 47_100 },
          { value: 104, minor_per_day: 58_300 },
          { value: 112, minor_per_day: 61_900 },
          { value: 120, minor_per_day: 57_700 },
        ],
      },
      {
        lever: 'headline',
        now: 'plain',
        best: 'warm',
        oracle: null,
        settings: [
          { value: 'plain', minor_per_day: 58_300 },
          { value: 'warm', minor_per_day: 60_100 },
        ],
      },
    ],
    score: {
      incidents: 4,
      found: 3,
      median_delay_hours: 24,
      insights: 9,
      explained: 3,
      false_alarms: 2,
      false_alarms_per_week: 0.1,
      actual_minor: actual,
      nothing_minor: nothing,
      oracle_minor: oracle,
      share: (actual - nothing) / (oracle - nothing),
      guardrail_days: { refund_rate: 3 },
      experiments_right: 1,
      experiments_wrong: 0,
    },
  };
}
