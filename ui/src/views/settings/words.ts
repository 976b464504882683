// The policy and problems in plain words, and the colours of what is edited. Pure.
import type { PolicyAnswer, ProblemView } from '$lib/backend/types';

/** "would run alone", "would ask you", "would be denied". */
export function would(answer: PolicyAnswer): string {
  return { run: 'would run alone', ask: 'would ask you', deny: 'would be denied' }[answer];
}

/** "instead of": "running alone", "asking you", "being denied". */
export function insteadOf(answer: PolicyAnswer): string {
  return { run: 'running alone', ask: 'asking you', deny: 'being denied' }[answer];
}

/** "runs alone", "asks you", "is denied". */
export function answered(answer: PolicyAnswer): string {
  return { run: 'runs alone', ask: 'asks you', deny: 'is denied' }[answer];
}

/** Problems by the line of the file they are about (from 1); those without a line under 0. */
export function byLine(problems: ProblemView[]): Map<number, ProblemView[]> {
  const lines = new Map<number, ProblemView[]>();
  for (const problem of problems) {
    const line = problem.line ?? 0;
    const known = lines.get(line);
    if (known) known.push(problem);
    else lines.set(line, [problem]);
  }
  return lines;
}

/** The offset at which a line (from 1) begins. */
export function lineStart(text: string, line: number): number {
  let at = 0;
  for (let n = 1; n < line; n += 1) {
    const next = text.indexOf('\n', at);
    if (next < 0) return text.length;
    at = next + 1;
  }
  return at;
}

/** The line (from 1) that holds an offset. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** A piece of a line and how it is coloured. */
export interface Piece {
  text: string;
  kind: 'comment' | 'table' | 'key' | 'string' | 'value' | 'plain';
}

/** Colours one line of TOML. Multi-line strings are coloured line by line; a wrong colour changes nothing. */
export function paint(line: string): Piece[] {
  if (/^\s*#/.test(line)) return [{ text: line, kind: 'comment' }];
  if (/^\s*\[/.test(line)) return [{ text: line, kind: 'table' }];
  const pieces: Piece[] = [];
  const push = (text: string, kind: Piece['kind']) => {
    if (text) pieces.push({ text, kind });
  };
  const key = /^(\s*[\w."-]+\s*)(=)/.exec(line);
  let rest = line;
  if (key) {
    push(key[1] ?? '', 'key');
    push('=', 'plain');
    rest = line.slice(key[0].length);
  }
  const token = /("(?:\\.|[^"\\])*"?|'[^']*'?)|(#.*$)|([\w.+-]+(?=\s*=))|(\b\d[\w.:+-]*|\btrue\b|\bfalse\b)/g;
  let at = 0;
  for (const found of rest.matchAll(token)) {
    push(rest.slice(at, found.index), 'plain');
    const kind =
      found[1] !== undefined ? 'string' : found[2] !== undefined ? 'comment' : found[3] !== undefined ? 'key' : 'value';
    push(found[0], kind);
    at = found.index + found[0].length;
  }
  push(rest.slice(at), 'plain');
  return pieces;
}

/** Colours one line of Cedar. */
export function paintCedar(line: string): Piece[] {
  const pieces: Piece[] = [];
  const token =
    /(\/\/.*$)|("(?:\\.|[^"\\])*"?)|(@\w+|\b(?:permit|forbid|when|unless)\b)|(\b(?:principal|action|resource|context)\b(?:\.\w+)?|\b(?:in|has|is|like|if|then|else)\b)|(\b\d+\b|\btrue\b|\bfalse\b)/g;
  const KINDS = ['comment', 'string', 'table', 'key', 'value'] as const;
  let at = 0;
  for (const found of line.matchAll(token)) {
    if (found.index > at) pieces.push({ text: line.slice(at, found.index), kind: 'plain' });
    pieces.push({ text: found[0], kind: KINDS[found.slice(1).findIndex((part) => part !== undefined)] ?? 'plain' });
    at = found.index + found[0].length;
  }
  if (at < line.length) pieces.push({ text: line.slice(at), kind: 'plain' });
  return pieces;
}
