import { expect, test } from 'vitest';
import type { Standing } from '$lib/backend';
import { sorted } from './ladder';

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
