// A metric as it is being written in the dialog, what is still wrong with it, and the `[[metric]]` table it becomes.
import type { Better, Domain, EventKindView, Format } from '$lib/backend/types';

export type Kind =
  'count' | 'unique' | 'sum' | 'mean_per_unit' | 'proportion' | 'ratio' | 'retention' | 'quantile' | 'formula';

export interface MeasureDraft {
  event: string;
  where: string;
  value: string;
  of: string;
  within: string;
}

export interface MetricDraft {
  title: string;
  /** Empty: made from the title. */
  key: string;
  kind: Kind;
  measure: MeasureDraft;
  denominator: MeasureDraft;
  after: string;
  within: string;
  q: string;
  formula: string;
  unit: string;
  better: Better;
  domain: Domain;
  format: Format;
  segments: string[];
  /** Width of its buckets; empty for the business's own. */
  bucket: '' | 'hour' | 'day';
}

/** What each kind computes, in the words of the dialog, with the parts it needs. */
export const KINDS: Record<
  Kind,
  { title: string; says: string; second: boolean; value: 'no' | 'optional' | 'needed' }
> = {
  count: { title: 'Count', says: 'How many events of one name', second: false, value: 'no' },
  unique: {
    title: 'Distinct',
    says: 'How many different people, or different values of a property',
    second: false,
    value: 'no',
  },
  sum: { title: 'Sum', says: 'A value added up over events', second: false, value: 'needed' },
  mean_per_unit: {
    title: 'Mean per unit',
    says: 'A sum or count divided by the distinct people or orders behind it',
    second: false,
    value: 'optional',
  },
  proportion: {
    title: 'Conversion',
    says: 'Share of people with one event who then had another in time',
    second: true,
    value: 'no',
  },
  ratio: { title: 'Ratio', says: 'One measure divided by another', second: true, value: 'optional' },
  retention: {
    title: 'Retention',
    says: 'Share of people first seen in a bucket who came back',
    second: true,
    value: 'no',
  },
  quantile: {
    title: 'Quantile',
    says: 'The value a given share of events stays below',
    second: false,
    value: 'needed',
  },
  formula: { title: 'Formula', says: 'Arithmetic over metrics and measures', second: false, value: 'no' },
};

/** The names by which the two measures of a kind go. */
export function measureNames(kind: Kind): { first: string; second: string } {
  if (kind === 'proportion') return { first: 'Then this happened', second: 'Out of people with' };
  if (kind === 'retention') return { first: 'First seen by', second: 'Came back with' };
  if (kind === 'ratio') return { first: 'Above the line', second: 'Below the line' };
  return { first: 'Event', second: '' };
}

export function blank(): MetricDraft {
  const measure = (): MeasureDraft => ({ event: '', where: '', value: '', of: '', within: '' });
  return {
    title: '',
    key: '',
    kind: 'count',
    measure: measure(),
    denominator: measure(),
    after: '7d',
    within: '7d',
    q: '0.5',
    formula: '',
    unit: '',
    better: 'up',
    domain: 'product',
    format: 'number',
    segments: [],
    bucket: '',
  };
}

/** One word others can refer to, from a title. */
export function slug(title: string): string {
  return title
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
}

export function keyOf(draft: MetricDraft): string {
  return draft.key.trim() || slug(draft.title);
}

export type Problems = Partial<
  Record<'title' | 'key' | 'event' | 'value' | 'second' | 'q' | 'formula' | 'within' | 'after', string>
>;

const SPAN = /^\d+\s*[smhdw]$/;

/**
 * What is plainly missing or wrong, by field. The backend has the last word: this only says early what it would say anyway.
 * `events` are the kinds of events seen; an unknown name is allowed (the event may still come) and is not a problem.
 */
export function problems(draft: MetricDraft, taken: string[]): Problems {
  const found: Problems = {};
  const key = keyOf(draft);
  if (!draft.title.trim()) found.title = 'Give it a name people read';
  if (key && !/^[a-z][a-z0-9_]*$/.test(key))
    found.key = 'One word of lower-case letters, digits and _, beginning with a letter';
  else if (taken.includes(key)) found.key = `A metric called “${key}” is already there`;
  const kind = KINDS[draft.kind];
  if (draft.kind === 'formula') {
    if (!draft.formula.trim()) found.formula = 'Write the formula, for example revenue / orders';
    return found;
  }
  if (!draft.measure.event.trim()) found.event = 'Choose the event it reads';
  if (kind.value === 'needed' && !draft.measure.value.trim())
    found.value = 'Say which value, for example amount or quantity * price';
  if (draft.kind === 'ratio' && [draft.measure, draft.denominator].some((part) => part.value.trim() && part.of.trim()))
    found.value = 'Either a value to add up or distinct values to count, not both';
  if (kind.second && !draft.denominator.event.trim()) found.second = 'Choose the second event';
  if (draft.kind === 'quantile') {
    const q = Number(draft.q);
    if (!(q > 0 && q < 1)) found.q = 'Between 0 and 1; 0.5 is the median';
  }
  if (draft.kind === 'proportion' && draft.measure.within.trim() && !SPAN.test(draft.measure.within.trim()))
    found.within = 'A duration such as 7d or 12h';
  if (draft.kind === 'retention') {
    if (!SPAN.test(draft.after.trim())) found.after = 'A duration such as 7d';
    if (!SPAN.test(draft.within.trim())) found.within = 'A duration such as 7d';
  }
  return found;
}

/** A note where the draft names an event that was never seen. */
export function unseen(draft: MetricDraft, events: EventKindView[]): string[] {
  if (draft.kind === 'formula') return [];
  const names = [draft.measure.event, KINDS[draft.kind].second ? draft.denominator.event : ''];
  return names.filter((name) => name.trim() !== '' && !events.some((event) => event.name === name));
}

/** A TOML basic string. */
export function quote(text: string): string {
  // JSON's escapes are a subset of TOML's, except for DEL, which TOML wants escaped.
  return JSON.stringify(text).replaceAll('\u007f', '\\u007f');
}

function inline(measure: MeasureDraft, keys: (keyof MeasureDraft)[]): string {
  const parts = keys.filter((key) => measure[key].trim() !== '').map((key) => `${key} = ${quote(measure[key].trim())}`);
  return `{ ${parts.join(', ')} }`;
}

/** The `[[metric]]` table. Empty fields are left out, so that the file says only what was meant. */
export function toml(draft: MetricDraft): string {
  const lines = [
    '[[metric]]',
    `key = ${quote(keyOf(draft))}`,
    `title = ${quote(draft.title.trim())}`,
    `kind = ${quote(draft.kind)}`,
  ];
  const text = (key: string, value: string) => {
    if (value.trim()) lines.push(`${key} = ${quote(value.trim())}`);
  };
  const { measure, denominator } = draft;
  if (draft.kind === 'formula') {
    text('formula', draft.formula);
  } else if (draft.kind === 'proportion') {
    lines.push(`numerator = ${inline(measure, ['event', 'where', 'within'])}`);
    lines.push(`denominator = ${inline(denominator, ['event', 'where'])}`);
  } else if (draft.kind === 'ratio') {
    lines.push(`numerator = ${inline(measure, ['event', 'where', 'value', 'of'])}`);
    lines.push(`denominator = ${inline(denominator, ['event', 'where', 'value', 'of'])}`);
  } else if (draft.kind === 'retention') {
    lines.push(`start = ${inline(measure, ['event', 'where'])}`);
    lines.push(`comeback = ${inline(denominator, ['event', 'where'])}`);
    text('after', draft.after);
    text('within', draft.within);
  } else {
    text('event', measure.event);
    text('where', measure.where);
    if (KINDS[draft.kind].value !== 'no') text('value', measure.value);
    if (draft.kind === 'unique' || draft.kind === 'mean_per_unit') text('of', measure.of);
    if (draft.kind === 'quantile') lines.push(`q = ${Number(draft.q)}`);
  }
  text('unit', draft.unit);
  text('bucket', draft.bucket);
  lines.push(`better = ${quote(draft.better)}`, `domain = ${quote(draft.domain)}`, `format = ${quote(draft.format)}`);
  if (draft.segments.length > 0) lines.push(`segments = [${draft.segments.map(quote).join(', ')}]`);
  return lines.join('\n') + '\n';
}

/** The format that suits a kind best, offered when the kind changes. */
export function formatFor(kind: Kind): Format {
  if (kind === 'proportion' || kind === 'retention') return 'percent';
  if (kind === 'count' || kind === 'unique') return 'integer';
  return 'number';
}
