// A lever as it is being written in the dialog, what is still wrong with it, and the `[[lever]]` table it becomes. Pure.
import type { Domain, Protocol } from '$lib/backend/types';

export type Kind = 'boolean' | 'number' | 'variant' | 'text';

export interface LeverDraft {
  title: string;
  /** As typed; made from the title while empty. */
  key: string;
  kind: Kind;
  domain: Domain;
  on: boolean;
  number: string;
  min: string;
  max: string;
  step: string;
  /** One per line or separated by commas. */
  options: string;
  option: string;
  text: string;
  max_chars: string;
  /** Empty for all. */
  served_as: Protocol[];
}

export const KINDS: Record<Kind, { title: string; says: string }> = {
  boolean: { title: 'On or off', says: 'A switch: a new checkout, a banner' },
  number: { title: 'Number', says: 'A value between two bounds: a price, a limit' },
  variant: { title: 'Variant', says: 'One of several names: a layout, a plan shown first' },
  text: { title: 'Text', says: 'Words: a headline, a label on a button' },
};

export const blank = (key = ''): LeverDraft => ({
  title: key ? key.replace(/[_-]+/g, ' ').replace(/^./, (c) => c.toUpperCase()) : '',
  key,
  kind: 'boolean',
  domain: 'product',
  on: false,
  number: '',
  min: '',
  max: '',
  step: '1',
  options: '',
  option: '',
  text: '',
  max_chars: '80',
  served_as: [],
});

export function keyOf(draft: LeverDraft): string {
  return (
    draft.key.trim() ||
    draft.title
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '_')
      .replace(/^_+|_+$/g, '')
  );
}

export const options = (draft: LeverDraft): string[] => [
  ...new Set(
    draft.options
      .split(/[\n,]/)
      .map((one) => one.trim())
      .filter(Boolean),
  ),
];

const num = (text: string) => (text.trim() === '' ? NaN : Number(text.trim()));

/** What is still wrong, by field. */
export function problems(draft: LeverDraft, taken: string[]): Partial<Record<keyof LeverDraft, string>> {
  const found: Partial<Record<keyof LeverDraft, string>> = {};
  const key = keyOf(draft);
  if (!draft.title.trim()) found.title = 'Give it a name';
  if (key && !/^[a-z][a-z0-9_-]*$/i.test(key)) found.key = 'Letters, digits, _ and -, beginning with a letter';
  else if (taken.includes(key)) found.key = 'A lever of this key exists';
  if (draft.kind === 'number') {
    const [low, high, step, value] = [num(draft.min), num(draft.max), num(draft.step), num(draft.number)];
    if (Number.isNaN(low)) found.min = 'A number';
    if (Number.isNaN(high)) found.max = 'A number';
    else if (high <= low) found.max = 'More than the smallest';
    if (!(step > 0)) found.step = 'More than 0';
    if (Number.isNaN(value)) found.number = 'A number';
    else if (value < low || value > high) found.number = 'Within the bounds';
  }
  if (draft.kind === 'variant') {
    const all = options(draft);
    if (all.length < 2) found.options = 'At least two';
    else if (!all.includes(draft.option || all[0]!)) found.option = 'One of the variants';
  }
  if (draft.kind === 'text') {
    const most = num(draft.max_chars);
    if (!Number.isInteger(most) || most < 1) found.max_chars = 'A whole number above 0';
    else if ([...draft.text].length > most) found.text = `Longer than ${most} characters`;
  }
  return found;
}

const quoted = (text: string) => JSON.stringify(text);
const list = (all: string[]) => `[${all.map(quoted).join(', ')}]`;

/** The table as it will stand in `business.toml`. */
export function toml(draft: LeverDraft): string {
  const lines = [
    `key = ${quoted(keyOf(draft))}`,
    `title = ${quoted(draft.title.trim())}`,
    `kind = ${quoted(draft.kind)}`,
  ];
  switch (draft.kind) {
    case 'boolean':
      lines.push(`default = ${draft.on}`);
      break;
    case 'number':
      lines.push(`min = ${num(draft.min)}`, `max = ${num(draft.max)}`, `step = ${num(draft.step)}`);
      lines.push(`default = ${num(draft.number)}`);
      break;
    case 'variant': {
      const all = options(draft);
      lines.push(`options = ${list(all)}`, `default = ${quoted(draft.option || (all[0] ?? ''))}`);
      break;
    }
    case 'text':
      lines.push(`max_chars = ${num(draft.max_chars)}`, `default = ${quoted(draft.text)}`);
      break;
  }
  lines.push(`domain = ${quoted(draft.domain)}`);
  if (draft.served_as.length > 0) lines.push(`served_as = ${list(draft.served_as)}`);
  return `[[lever]]\n${lines.join('\n')}\n`;
}
