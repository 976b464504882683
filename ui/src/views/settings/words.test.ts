import { expect, test } from 'vitest';
import type { ProblemView } from '$lib/backend/types';
import { answered, byLine, insteadOf, lineAt, lineStart, paint, paintCedar, would } from './words';

test.each([
  ['run', 'runs alone'],
  ['ask', 'asks you'],
  ['deny', 'is denied'],
] as const)('answer %s', (answer, text) => expect(answered(answer)).toBe(text));
test.each([
  ['run', 'ask', 'would run alone instead of asking you'],
  ['ask', 'deny', 'would ask you instead of being denied'],
  ['deny', 'run', 'would be denied instead of running alone'],
] as const)('%s instead of %s', (is, was, text) => expect(`${would(is)} instead of ${insteadOf(was)}`).toBe(text));

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

test.each([
  ['// permit', ['comment']],
  ['@title("a // b")', ['table', 'plain', 'string', 'plain']],
  ['permit (principal, action, resource)', ['table', 'plain', 'key', 'plain', 'key', 'plain', 'key', 'plain']],
  ['  context.stake <= 2000 };', ['plain', 'key', 'plain', 'value', 'plain']],
])('colours Cedar %j', (line, kinds) => {
  const pieces = paintCedar(line);
  expect(pieces.map((piece) => piece.kind)).toEqual(kinds);
  expect(pieces.map((piece) => piece.text).join('')).toBe(line);
});
