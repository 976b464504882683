import { expect, test } from 'vitest';
import type { RejectionView } from '$lib/backend';
import { broken, compact, groups, pretty } from './refused';

const one = (id: number, source: string, reason: string, done = false): RejectionView => ({
  id,
  at: id,
  source,
  position: 0,
  code: 'event_invalid',
  reason,
  raw: '{}',
  done,
});

test('one reason from one source is one group, the newest first', () => {
  const found = groups([
    one(1, 'web', 'no name'),
    one(2, 'web', 'no time'),
    one(3, 'app', 'no name'),
    one(4, 'web', 'no name', true),
  ]);
  expect(found.map((g) => [g.source, g.reason, g.list.map((r) => r.id), g.open.map((r) => r.id)])).toEqual([
    ['web', 'no name', [4, 1], [1]],
    ['app', 'no name', [3], [3]],
    ['web', 'no time', [2], [2]],
  ]);
});

test('JSON is shown over lines and sent on one; the rest stays as it came', () => {
  expect(pretty('{"a":1}')).toBe('{\n  "a": 1\n}');
  expect(pretty('a,b,c')).toBe('a,b,c');
  expect(compact('{\n  "a": 1\n}')).toBe('{"a":1}');
  expect(compact('{oops')).toBe('{oops');
});

test('only what should be JSON is called broken', () => {
  expect(broken('{"a":1}', '{}')).toBeNull();
  expect(broken('{"a":', '{}')).toMatch(/JSON/);
  expect(broken('2026-01-01,visit', '2026,visit')).toBeNull();
});
