import { describe, expect, test } from 'vitest';
import { scenarios, simulation } from '$lib/backend/fake/views';
import { SPOILER } from '$lib/backend/fake/sandbox';
import { business } from '$lib/format';
import {
  FASTEST,
  dayOf,
  foundAfter,
  happenings,
  histories,
  named,
  sameSpeed,
  speedText,
  standing,
  years,
} from './words';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('what can be simulated', () => {
  test('every company has six years, the calm one first, in words that spoil nothing', () => {
    for (const company of ['shop', 'saas', 'marketplace']) {
      const offered = years(scenarios(), company).filter((one) => one.name.startsWith(company));
      expect(offered.map((one) => one.title)).toEqual([
        'Calm',
        'Drifting',
        'Shocked',
        'Seasonal',
        'Delayed',
        'Adversarial',
      ]);
      expect(offered.map((one) => one.what).join(' ')).not.toContain(SPOILER);
    }
    expect(years(scenarios(), 'shop').at(-1)?.name).toBe('tiny');
  });
  test('a scenario of somebody else keeps its own words and comes last', () => {
    const own = { ...scenarios()[0]!, name: 'my-bakery', title: 'My bakery', what: 'Bread.' };
    expect(years([own, ...scenarios()], 'shop').at(-1)).toMatchObject({ title: 'My bakery', what: 'Bread.' });
  });
  test('history leaves some of the year to live through', () => {
    expect(histories(365).map((one) => one.days)).toEqual([14, 30, 90, 180]);
    expect(histories(56).map((one) => one.days)).toEqual([14, 30]);
  });
});

describe('how it stands', () => {
  const running = simulation('running');
  test.each<[string, Partial<typeof running>]>([
    ['Day 143, 1 day per second', {}],
    ['Day 143, in real time', { speed: 1 }],
    ['Day 143, as fast as it goes', { speed: Number.MAX_VALUE }],
    ['Day 143, paused', { speed: 0, phase: 'paused' }],
    ['Day 143, skipping', { skipping_until: running.now + DAY }],
    ['Day 143', { held: true }],
    ['Day 143, its last', { phase: 'ended' }],
  ])('%s', (says, change) => {
    business.timezone = 'Europe/Berlin';
    expect(standing({ ...running, ...change }, running.now)).toBe(says);
  });
  test('days are counted by midnights, also over a change of the clock', () => {
    business.timezone = 'Europe/Berlin';
    const from = Date.UTC(2026, 2, 27, 23);
    expect(dayOf(from, from)).toBe(1);
    expect(dayOf(from, from + DAY - 1)).toBe(1);
    // The night to 29 March has no third hour: its third midnight comes an hour early.
    expect(dayOf(from, from + 2 * DAY - HOUR - 1)).toBe(2);
    expect(dayOf(from, from + 2 * DAY - HOUR)).toBe(3);
  });
  test('as fast as it goes is one speed, however large', () => {
    expect(sameSpeed(FASTEST, Number.MAX_VALUE)).toBe(true);
    expect(sameSpeed(3600, FASTEST)).toBe(false);
    expect(speedText(60).replace(/\s/g, ' ')).toBe('1 m per second');
  });
});

test('only what means something to the company can be let happen', () => {
  const kinds = (company: string) => {
    const injectable = ['price_war', 'checkout_bug', 'hidden_regression', 'seller_exodus'].map((kind) => ({
      kind,
      what: kind,
    }));
    return happenings({ ...simulation('running'), company, injectable }).map((one) => one.kind);
  };
  expect(kinds('shop')).toEqual(['price_war', 'checkout_bug']);
  expect(kinds('saas')).toEqual(['price_war', 'hidden_regression']);
  expect(named('spam_tickets')).toBe('Spam tickets');
  expect(named('seller_exodus')).toBe('Seller exodus');
});

test.each([
  [0.4, 'within the hour'],
  [1, 'after 1 hour'],
  [30, 'after 30 hours'],
  [96, 'after 4 days'],
])('found %d hours later: %s', (hours, says) => {
  expect(foundAfter(0, hours * HOUR)).toBe(says);
});
