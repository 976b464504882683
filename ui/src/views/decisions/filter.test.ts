import { describe, expect, test } from 'vitest';
import { LEDGER } from '$lib/backend/fake/decisions';
import { chipsOf, fits } from './filter';

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
