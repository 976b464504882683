import { expect, test } from 'vitest';
import type { PolicyRule, ProblemView } from '$lib/backend/types';
import { byLine, either, lineAt, lineStart, paint, ruleAnswer, ruleSubject } from './words';

const rule = (over: Partial<PolicyRule>): PolicyRule => ({
  name: 'r',
  levels: [],
  reversibility: [],
  domains: [],
  stake_at_most_minor: null,
  answer: 'ask',
  ...over,
});
const money = (minor: number) => `€${minor / 100}`;

test.each([
  [rule({}), 'Any decision', 'Asks you'],
  [
    rule({
      levels: ['tactical'],
      domains: ['pricing', 'ux'],
      reversibility: ['R1'],
      answer: 'run',
      stake_at_most_minor: 2000 as never,
    }),
    'Tactical decisions in pricing or UX that can be undone for free, up to €20 at stake',
    'Runs by itself',
  ],
  [rule({ reversibility: ['R3'], answer: 'deny' }), 'Any decision that cannot be undone', 'Is refused'],
])('rule %#', (given, subject, answer) => {
  expect(ruleSubject(given, money)).toBe(subject);
  expect(ruleAnswer(given)).toBe(answer);
});

test.each([
  [[], ''],
  [['a'], 'a'],
  [['a', 'b', 'c'], 'a, b or c'],
])('either %j', (words, text) => expect(either(words)).toBe(text));

test('problems are found by their line; those without one come first', () => {
  const problem = (line: number | null): ProblemView => ({ code: 'config_invalid', message: '', hint: '', line });
  const found = byLine([problem(3), problem(null), problem(3)]);
  expect([...found].map(([line, list]) => [line, list.length])).toEqual([
    [3, 2],
    [0, 1],
  ]);
});

test.each([
  ['a\nbb\nc', 1, 0],
  ['a\nbb\nc', 3, 5],
  ['a', 9, 1],
])('line %#', (text, line, offset) => expect(lineStart(text, line)).toBe(offset));
test('line of an offset', () => expect(lineAt('a\nbb\nc', 3)).toBe(2));

test.each([
  ['# a = 1', ['comment']],
  ['[[metric]]', ['table']],
  ['key = "a # b" # c', ['key', 'plain', 'plain', 'string', 'plain', 'comment']],
  [
    'n = { event = "x", q = 0.5 }',
    ['key', 'plain', 'plain', 'key', 'plain', 'string', 'plain', 'key', 'plain', 'value', 'plain'],
  ],
])('colours %j', (line, kinds) => {
  expect(paint(line).map((piece) => piece.kind)).toEqual(kinds);
  expect(
    paint(line)
      .map((piece) => piece.text)
      .join(''),
  ).toBe(line);
});
