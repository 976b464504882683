import { describe, expect, test } from 'vitest';
import type { Hypothesis, LeverKind } from '$lib/backend';
import { args, blank, parsed, problems, proposed, type Draft } from './draft';

const price: LeverKind = { kind: 'number', min: 19, max: 49, step: 1 };
const flag: LeverKind = { kind: 'boolean' };
const plan: LeverKind = { kind: 'variant', options: ['monthly', 'annual'] };
const words: LeverKind = { kind: 'text', max_chars: 10 };
const draft = (given: Partial<Draft> = {}): Draft => ({
  ...blank({ key: 'pro_price', kind: price, value: 29 }, 'revenue'),
  ...given,
});

describe('what is proposed', () => {
  test.each([
    [price, 29, ['29', '32']],
    [price, 48, ['48', '43']],
    [flag, false, ['false', 'true']],
    [plan, 'annual', ['annual', 'monthly']],
    [words, 'Hello', ['Hello', '']],
  ] as const)('%o from %s', (kind, value, arms) =>
    expect(blank({ key: 'x', kind: kind as LeverKind, value }, 'm').arms).toEqual(arms),
  );
  test('a fraction stays tidy', () =>
    expect(proposed({ kind: 'number', min: 0, max: 1, step: 0.05 }, ['0.1'])).toBe('0.15'));
  test('a hypothesis fills the question', () => {
    const from = { id: 'hyp_000021', title: 'Annual wins', because: 'it did', lever: 'annual_first', from: 'monthly', to: 'annual', metric: 'mrr', audience: "plan == 'team'" } as Hypothesis; // prettier-ignore
    expect(blank({ key: 'annual_first', kind: plan, value: 'monthly' }, 'revenue', from)).toMatchObject({
      arms: ['monthly', 'annual'],
      metric: 'mrr',
      audience: "plan == 'team'",
      hypothesis: 'Annual wins: it did',
      hypothesisId: 'hyp_000021',
    });
  });
});

describe('what is wrong', () => {
  test('nothing with what is proposed', () => expect(problems(draft(), price)).toEqual({}));
  test.each([
    [{ arms: ['29', '29'] }, price, { arm1: 'Another arm has it' }],
    [{ arms: ['29', '29.0'] }, price, { arm1: 'Another arm has it' }],
    [{ arms: ['29', '90'] }, price, { arm1: 'Between 19 and 49' }],
    [{ arms: ['29', 'x'] }, price, { arm1: 'A number' }],
    [{ arms: ['a', 'b'.repeat(11)] }, words, { arm1: 'At most 10 characters' }],
    [{ arms: ['a', ''] }, words, { arm1: 'Fill it in' }],
    [{ share: '0' }, price, { share: 'Above 0, at most 100' }],
    [{ mde: '-3' }, price, { mde: 'A number above 0' }],
    [{ metric: '' }, price, { metric: 'Choose what decides' }],
  ] as const)('%o', (given, kind, found) => expect(problems(draft(given as never), kind as LeverKind)).toEqual(found));
  test('a lever that is not known', () => expect(problems(draft(), undefined)).toEqual({ lever: 'Choose a lever' }));
});

test('values get the kind of their lever', () => {
  expect([parsed('29,5', price), parsed('true', flag), parsed('annual', plan), parsed('weekly', plan)]).toEqual([
    29.5,
    true,
    'annual',
    undefined,
  ]);
});

test('what is asked says only what was chosen', () => {
  const made = args(draft({ share: '40', mde: '5', title: ' ', audience: ' a == 1 ' }), price);
  expect(made).toMatchObject({
    lever: 'pro_price',
    arms: [
      { key: null, value: 29, weight: null },
      { key: null, value: 32, weight: null },
    ],
    metric: 'revenue',
    guardrails: null,
    audience: 'a == 1',
    share: 0.4,
    mde: 0.05,
    title: null,
  });
  expect(args(draft(), price)).toMatchObject({ share: null, mde: null, audience: null });
});
