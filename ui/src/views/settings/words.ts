// Policy, limits and problems in plain words. Pure.
import type { Domain, Level, PolicyRule, ProblemView, Reversibility } from '$lib/backend/types';

const REVERSIBILITY: Record<Reversibility, string> = {
  R0: 'without any outside effect',
  R1: 'that can be undone for free',
  R2: 'that can be undone at a cost',
  R3: 'that cannot be undone',
};

const ANSWER = { run: 'Runs by itself', ask: 'Asks you', deny: 'Is refused' } as const;

/** "a, b or c". */
export function either(words: string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

export function domainWords(domain: Domain): string {
  const special: Partial<Record<Domain, string>> = { ux: 'UX', iot: 'IoT', saas: 'SaaS', ecommerce: 'e-commerce' };
  return special[domain] ?? domain;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** "Tactical decisions in pricing that can be undone for free, up to €20 at stake". */
export function ruleSubject(rule: PolicyRule, money: (minor: number) => string): string {
  const levels: Level[] = rule.levels;
  const who = levels.length === 0 ? 'Any decision' : `${capital(either(levels))} decisions`;
  const where = rule.domains.length === 0 ? '' : ` in ${either(rule.domains.map(domainWords))}`;
  const undo = rule.reversibility.length === 0 ? '' : ` ${either(rule.reversibility.map((r) => REVERSIBILITY[r]))}`;
  const stake = rule.stake_at_most_minor === null ? '' : `, up to ${money(Number(rule.stake_at_most_minor))} at stake`;
  return `${who}${where}${undo}${stake}`;
}

export function ruleAnswer(rule: PolicyRule): string {
  return ANSWER[rule.answer];
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

/** A piece of a line of TOML and how it is coloured. */
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
