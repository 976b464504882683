import { expect, test } from 'vitest';
import type { Standing } from '$lib/backend';
import { PENDING } from '$lib/backend/fake/decisions';
import { fromDecisions, sorted } from './ladder';

const standing = (proposer: string, level: Standing['level'], cases: number): Standing => ({
  cell: { proposer, act: 'set_lever', reversibility: 'R1', size: cases > 5 ? 'small' : 'large' },
  level,
  cases,
  acceptable: cases,
  lower: 0.5,
  threshold: 0.95,
  missing: [],
  lowered: null,
});

test('the newest decision of a cell speaks for it', () => {
  const at = (created_at: number, lower: number) => ({
    ...PENDING[0]!,
    created_at,
    standing: { ...standing('playbook:a', 'propose', 3), lower },
  });
  expect(fromDecisions([at(2, 0.6), at(3, 0.7), at(1, 0.5), { ...PENDING[0]!, standing: null }])).toEqual([
    expect.objectContaining({ lower: 0.7 }),
  ]);
});

test('by proposer, the highest rung first, then the most cases', () => {
  const rows = [
    standing('playbook:b', 'full', 9),
    standing('playbook:a', 'propose', 9),
    standing('playbook:a', 'propose', 3),
    standing('playbook:a', 'limited', 2),
  ];
  expect(sorted(rows).map((s) => `${s.cell.proposer} ${s.level} ${s.cases}`)).toEqual([
    'playbook:a limited 2',
    'playbook:a propose 9',
    'playbook:a propose 3',
    'playbook:b full 9',
  ]);
});
