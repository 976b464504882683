import { expect, test } from 'vitest';
import { Standing } from '$lib/backend/fake/standing';
import { LEDGER } from '$lib/backend/fake/decisions';
import type { CounterfactualView } from '$lib/backend';
import { groupsOf, totalWords } from './whatif';

const held = (text: string) =>
  (new Standing(false).answer('counterfactual', LEDGER, { text }) as CounterfactualView).counterfactual;

test('only groups with decisions are told', () => {
  expect(groupsOf(held('Action::"execute"')).map((g) => g.key)).toEqual(['would_run']);
  expect(groupsOf(held('permit')).map((g) => g.key)).toEqual(['would_ask']);
});

test('a total has its interval, and none where too few were scored', () => {
  const of = { unit: 'money', scored: 4, total: 84_300, low: 12_100, high: 156_500 };
  expect(totalWords(of, () => 'number')).toEqual({ total: '+€843', interval: '+€121 to +€1,565' });
  expect(totalWords({ unit: 'signup_rate', scored: 2, total: 0.004, low: null, high: null }, () => 'percent')).toEqual({
    total: expect.stringMatching(/^\+0\.4/) as string,
    interval: null,
  });
});
