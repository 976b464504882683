import { describe, expect, test } from 'vitest';
import { LEDGER } from '$lib/backend/fake/decisions';
import { chipsOf, fits } from './filter';
import { cameOf } from './whatif';

const pick = (chips: string[], by = '', search = '') => LEDGER.filter((d) => fits(d, { chips, by, search }));

describe('a filter of the ledger', () => {
  test('one group widens, groups narrow', () => {
    expect(pick(['inside', 'outside']).length).toBe(LEDGER.filter((d) => d.outcome).length);
    expect(pick(['inside', 'R3'])).toEqual([]);
    expect(pick(['R2', 'R3']).map((d) => d.id)).toEqual(['dec_000152', 'dec_000151']);
  });
  test('every word must be there, in headline, id, lever or proposer', () => {
    expect(pick([], '', 'checkout MOBILE').map((d) => d.id)).toEqual(['dec_000152']);
    expect(pick([], '', 'pro_price raise').every((d) => d.dry_run.includes('pro_price'))).toBe(true);
    expect(pick([], 'playbook:price_step').map((d) => d.id)).toEqual(['dec_000150']);
  });
  test('an address with unknown chips loses them', () =>
    expect(chipsOf('inside,nonsense,R1')).toEqual(['inside', 'R1']));
});

test('what became of the decisions another policy changes is counted, and only executed ones have money', () => {
  const scored = LEDGER.filter((d) => typeof d.outcome?.money_minor === 'number').slice(0, 2);
  const vetoed = LEDGER.find((d) => d.state === 'rejected')!;
  const changed = [...scored, vetoed].map((d) => ({
    decision: d.id,
    headline: d.headline,
    at: d.created_at,
    state: d.state,
    had: 'ask' as const,
    was: 'ask' as const,
    would_be: 'run' as const,
    rule: 'x',
    reason: '',
  }));
  expect(cameOf(changed, LEDGER)).toEqual([
    {
      would: 'run',
      words: 'Would have run alone',
      states: [
        ['scored', 2],
        ['rejected', 1],
      ],
      scored: 2,
      inside: scored.filter((d) => d.outcome!.inside).length,
      money: scored[0]!.outcome!.money_minor! + scored[1]!.outcome!.money_minor!,
    },
  ]);
  expect(cameOf([], LEDGER)).toEqual([]);
});
