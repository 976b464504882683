/** Artificial experiments, at least one in every state. */
import { DAY, NOW } from './series';
import { type Made, around, design, make, onOff, over, spec } from './trials';

export function all(): Made[] {
  const prices = spec({
    key: 'pro_price_2026',
    title: 'Price of Pro: 29, 32 or 35',
    hypothesis:
      'Revenue per visitor rises with the price of Pro, because 83 % of buyers came back after the last step.',
    lever: 'pro_price',
    arms: [
      { key: 'control', value: 29, weight: 0.34 },
      { key: 'test_32', value: 32, weight: 0.33 },
      { key: 'test_35', value: 35, weight: 0.33 },
    ],
    metric: 'revenue',
    secondary: ['signup_rate'],
    guardrails: ['refund_rate', 'first_reply'],
    audience: "plan == 'free' && country in ['DE', 'AT']",
    share: 0.6,
    slice: { layer: 'pricing', from: 0, to: 0.6 },
    hypothesis_id: 'hyp_000014',
    parent: 'pro_price_2025',
  });
  const tour = spec({
    key: 'shorter_tour',
    title: 'A shorter tour',
    hypothesis: 'Half the steps, more who finish: 61 % leave at the fourth.',
    lever: 'search_v2',
    metric: 'activation_d7',
    secondary: ['signup_rate'],
    guardrails: ['first_reply'],
    arms: onOff(),
  });
  const checkout = spec({
    key: 'checkout_mobile',
    title: 'New checkout on mobile',
    hypothesis: 'One page instead of three loses fewer people on a small screen.',
    origin: 'file',
    lever: 'new_checkout_mobile',
    metric: 'revenue',
    guardrails: ['refund_rate'],
    audience: "device == 'mobile'",
    arms: onOff(),
  });
  const headline = spec({
    key: 'headline_time',
    title: 'A headline about time saved',
    hypothesis: 'Tickets name time saved more often than finding notes again.',
    lever: 'headline',
    metric: 'signup_rate',
    guardrails: ['refund_rate'],
    arms: [
      { key: 'control', value: 'Notes that stay found', weight: 0.5 },
      { key: 'time', value: 'An hour back, every day', weight: 0.5 },
    ],
  });
  const annual = spec({
    key: 'annual_first',
    title: 'Show the annual plan first',
    hypothesis: 'Who sees annual first compares with the dearer price.',
    lever: 'annual_first',
    metric: 'revenue',
    secondary: ['signup_rate'],
    guardrails: ['refund_rate'],
    arms: [
      { key: 'control', value: 'monthly', weight: 0.5 },
      { key: 'annual', value: 'annual', weight: 0.5 },
    ],
  });
  const audit = spec({
    key: 'aa_2026_47',
    title: 'Self-check of week 47',
    hypothesis: 'Both arms are the same; whatever is found is false.',
    purpose: 'self_audit',
    metric: 'signup_rate',
    lever: null,
    arms: [
      { key: 'a', value: 'a', weight: 0.5 },
      { key: 'b', value: 'b', weight: 0.5 },
    ],
    share: 0.05,
  });
  const seats = spec({
    key: 'team_seats_5',
    title: 'Five free seats for a team',
    hypothesis: 'Teams of five pay sooner than teams of three, because the fourth person is asked to pay alone.',
    lever: 'team_seats',
    group: 'company',
    metric: 'mrr',
    arms: [
      { key: 'control', value: 3, weight: 0.5 },
      { key: 'five', value: 5, weight: 0.5 },
    ],
  });
  const red = spec({
    key: 'red_button',
    title: 'A red button',
    origin: 'operator',
    hypothesis: 'Red is seen first.',
    lever: 'quick_export',
    metric: 'refund_rate',
    arms: onOff(),
  });
  const imported = spec({
    key: 'onboarding_2025',
    title: 'Onboarding of spring 2025',
    origin: 'file',
    metric: 'activation_d7',
    exposure: { event: 'experiment_viewed', arm: 'variation', filter: "experiment == 'onboarding'" },
    arms: [
      { key: '0', value: '0', weight: 0.5 },
      { key: '1', value: '1', weight: 0.5 },
    ],
  });
  const old = spec({
    key: 'pro_price_2025',
    title: 'Price of Pro: 25 or 29',
    lever: 'pro_price',
    metric: 'revenue',
    guardrails: ['refund_rate'],
    arms: [
      { key: 'control', value: 25, weight: 0.5 },
      { key: 'test', value: 29, weight: 0.5 },
    ],
  });
  const trial = spec({
    key: 'trial_30',
    title: 'Thirty days to try',
    origin: 'operator',
    lever: 'team_seats',
    metric: 'mrr',
    arms: [
      { key: 'control', value: 14, weight: 0.5 },
      { key: 'long', value: 30, weight: 0.5 },
    ],
  });
  const search = spec({
    key: 'export_now',
    title: 'Export without waiting',
    lever: 'quick_export',
    metric: 'activation_d7',
    arms: onOff(),
  });
  const fresh = spec({
    key: 'reply_promise',
    title: 'Promise a reply within a day',
    origin: 'operator',
    lever: 'headline',
    metric: 'signup_rate',
    hypothesis: 'A promise that is kept anyway costs nothing.',
    arms: [
      { key: 'control', value: 'Notes that stay found', weight: 0.5 },
      { key: 'test', value: 'Answers within a day', weight: 0.5 },
    ],
  });

  const long = design({ length: 26, baseline: 0.68, mde: 0.06, stake_minor_per_month: 41_200 });
  return [
    make(prices, {
      plan: long,
      seen: 17,
      truth: {
        arms: [0.062, -0.018],
        others: { signup_rate: -0.01, refund_rate: 0.004, first_reply: 0.01 },
        worth: 1_240_000,
      },
      value_minor_per_week: 3100,
      decisions: ['dec_000144'],
      newest: {
        text: '32 looks better than 29 and is 0.4 short of its boundary; 35 does not. Nothing is decided yet: the next look is tonight, and about 9 days are left.',
      },
    }),
    over(
      make(tour, {
        plan: design({ length: 18, baseline: 0.311, mde: 0.05 }),
        seen: 14,
        truth: { arms: [0.071], worth: 890_000 },
        value_minor_per_week: 1400,
        decisions: ['dec_000139', 'dec_000155'],
        follow_ups: ['tour_mobile'],
      }),
      {
        call: { call: 'ship', arm: 'test' },
        text: 'A shorter tour raises activation by 7.0 % (2.4 to 11.7): everyone is to get it.',
        predicted: around(0.04, 0.05),
        measured: around(0.07, 0.046),
        level: 0.021,
        p_value: 0.0031,
      },
      'concluding',
      '',
    ),
    make(checkout, {
      plan: design({ length: 21, baseline: 0.61, mde: 0.07, units_per_day: 510 }),
      seen: 8,
      truth: { arms: [0.03], worth: 420_000 },
      value_minor_per_week: 2600,
      off: 0.031,
      broken: {
        kind: 'sample_ratio',
        passed: false,
        text: '2,166 people got test where 2,040 were meant to (p = 0.0004): the split is off',
        cause: 'posthog-js 1.449.2 on iOS: 61 % got test, everywhere else 50 %',
        p_value: 0.0004,
      },
      newest: {
        text: 'The split is off, so nothing may be decided. It goes on being read every day; when the cause is mended, start it anew.',
      },
    }),
    make(headline, {
      state: 'waiting',
      plan: design({ length: 19, baseline: 0.0453, mde: 0.08 }),
      value_minor_per_week: 1900,
      decisions: ['dec_000154'],
    }),
    make(annual, {
      plan: design({ length: 24, baseline: 0.68, mde: 0.05 }),
      seen: 5,
      truth: { arms: [0.02], worth: 620_000 },
      value_minor_per_week: 2100,
    }),
    make(audit, {
      plan: design({ length: 28, baseline: 0.0453, mde: 0.1, units_per_day: 92, stake_minor_per_month: null }),
      seen: 11,
      truth: { arms: [0] },
      value_minor_per_week: null,
    }),
    make(seats, {
      state: 'designed',
      plan: design({ length: 41, baseline: 7.8, mde: 0.12, units_per_day: 38 }),
      value_minor_per_week: 800,
    }),
    make(fresh, { state: 'proposed', value_minor_per_week: null }),
    make(red, {
      state: 'refused',
      value_minor_per_week: null,
      refusal: {
        at: NOW - 2 * DAY,
        code: 'too_long',
        reason:
          'It would take 41 weeks at your traffic to see a change of 5 % in refund rate; at most 60 days are allowed.',
        cheaper:
          'A change of 14 % could be seen in 52 days, or signup rate could be looked at instead: 19 days for 5 %.',
        cheaper_mde: 0.14,
      },
    }),
    over(
      make(search, {
        plan: design({ length: 16, baseline: 0.311, mde: 0.05 }),
        seen: 12,
        since: 40,
        truth: { arms: [0.055], worth: 510_000 },
      }),
      {
        call: { call: 'ship', arm: 'test' },
        text: 'Export without waiting raises activation by 5.6 % (1.1 to 10.2).',
        predicted: around(0.03, 0.06),
        measured: around(0.056, 0.045),
        level: 0.024,
        p_value: 0.0089,
      },
      'watching',
      'shipped; 5 % keep the old one until 20 January',
    ),
    over(
      make(old, {
        plan: design({ length: 30, baseline: 0.62, mde: 0.06 }),
        seen: 30,
        since: 190,
        truth: { arms: [0.08], worth: 900_000 },
        follow_ups: ['pro_price_2026'],
      }),
      {
        call: { call: 'ship', arm: 'test' },
        text: '29 brings 8.1 % (3.0 to 13.1) more revenue per visitor than 25.',
        predicted: around(0.05, 0.07),
        measured: around(0.081, 0.05),
        level: 0.025,
        p_value: 0.0019,
      },
      'archived',
      'its effect was still there in a test again',
    ),
    over(
      make(imported, {
        plan: design({ length: 22, baseline: 0.29, mde: 0.05 }),
        seen: 22,
        since: 600,
        truth: { arms: [0.004] },
        value_minor_per_week: null,
      }),
      {
        call: { call: 'inconclusive' },
        text: 'No difference was found: +0.6 % (−4.4 to 5.6).',
        predicted: null,
        measured: around(0.006, 0.05),
        level: 0.022,
        p_value: 0.62,
      },
      'archived',
      'read to its end',
    ),
    over(
      make(trial, {
        plan: design({ length: 35, baseline: 7.8, mde: 0.1, units_per_day: 40 }),
        seen: 9,
        since: 70,
        truth: { arms: [-0.05] },
      }),
      {
        call: { call: 'futile' },
        text: 'Going on would hardly answer it: 4 % chance.',
        predicted: around(0.05, 0.1),
        measured: around(-0.03, 0.14),
        level: null,
        p_value: null,
      },
      'stopped',
      'operator: we change the trial anyway',
    ),
  ];
}
