// The mapping of columns to events while it is being corrected. Pure.
import type { ColumnView, Mapping, MetricSuggestion } from '$lib/backend/types';

/** Where a column can go. */
export type Target = 'event' | 'time' | 'unit' | 'id' | 'prop' | 'drop';

/** A column's name as an expression: bare where it is a plain word, else in backticks. */
export function asExpression(column: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(column) ? column : `\`${column.replaceAll('`', '')}\``;
}

/** Whether an expression is exactly this column. */
export function isColumn(expression: string, column: string): boolean {
  const text = expression.trim();
  return text === column || text === `\`${column}\``;
}

/** What a column is used as under a mapping; expressions that merely mention it leave it a property. */
export function targetOf(mapping: Mapping, column: string): Target {
  if (isColumn(mapping.event, column)) return 'event';
  if (isColumn(mapping.time, column)) return 'time';
  if (isColumn(mapping.unit, column)) return 'unit';
  if (mapping.id !== null && isColumn(mapping.id, column)) return 'id';
  if (propOf(mapping, column) !== null) return 'prop';
  return mapping.only_mapped ? 'drop' : 'prop';
}

/** The property a column becomes: a named one, its own name, or `null` when nothing is declared for it. */
export function propOf(mapping: Mapping, column: string): string | null {
  for (const [name, expression] of Object.entries(mapping.props)) {
    if (expression !== undefined && isColumn(expression, column)) return name;
  }
  return null;
}

/** Takes a column out of wherever the mapping uses it alone. */
function release(mapping: Mapping, column: string): Mapping {
  const kept = Object.entries(mapping.props).filter(
    ([, expression]) => expression !== undefined && !isColumn(expression, column),
  );
  return {
    ...mapping,
    event: isColumn(mapping.event, column) ? '' : mapping.event,
    time: isColumn(mapping.time, column) ? '' : mapping.time,
    unit: isColumn(mapping.unit, column) ? '' : mapping.unit,
    id: mapping.id !== null && isColumn(mapping.id, column) ? null : mapping.id,
    props: Object.fromEntries(kept),
  };
}

/**
 * Sends a column to a target. Dropping one column means that from then on only named ones are kept, so every other column that
 * was kept silently is named first.
 */
export function assign(mapping: Mapping, columns: ColumnView[], column: string, target: Target): Mapping {
  const free = release(mapping, column);
  const expression = asExpression(column);
  switch (target) {
    case 'event':
    case 'time':
    case 'unit':
    case 'id':
      return { ...free, [target]: expression };
    case 'prop':
      return free.only_mapped ? { ...free, props: { ...free.props, [column]: expression } } : free;
    case 'drop': {
      const props = { ...free.props };
      if (!free.only_mapped) {
        for (const other of columns) {
          if (other.name !== column && targetOf(free, other.name) === 'prop' && propOf(free, other.name) === null) {
            props[other.name] = asExpression(other.name);
          }
        }
      }
      return { ...free, props, only_mapped: true };
    }
  }
}

/** Computed properties: those that are not simply one column. */
export function computed(mapping: Mapping, columns: ColumnView[]): [string, string][] {
  return Object.entries(mapping.props).filter((entry): entry is [string, string] => {
    const expression = entry[1];
    return expression !== undefined && !columns.some((column) => isColumn(expression, column.name));
  });
}

/** Sets, renames (by `was`) or removes (empty name) a computed property. */
export function setComputed(mapping: Mapping, was: string | null, name: string, expression: string): Mapping {
  const props = Object.fromEntries(Object.entries(mapping.props).filter(([key]) => key !== was));
  if (name.trim()) props[name.trim()] = expression;
  return { ...mapping, props };
}

/** What keeps the import from starting, in one sentence, or `null`. */
export function blocker(mapping: Mapping): string | null {
  if (!mapping.event.trim()) return 'Say which event each row is: a column, or a fixed name in quotes such as ‘order’';
  if (!mapping.time.trim()) return 'Say which column holds the time';
  return null;
}

/** Speeds at which history can be replayed, in seconds of history per second. */
export const SPEEDS: { value: number; title: string }[] = [
  { value: 3600, title: 'An hour a second' },
  { value: 86_400, title: 'A day a second' },
  { value: 604_800, title: 'A week a second' },
  { value: 2_592_000, title: 'A month a second' },
];

/** How long a replay takes, in seconds; `null` for an empty span. */
export function replaySeconds(from: number, to: number, speed: number): number | null {
  if (!(to > from) || !(speed > 0)) return null;
  return (to - from) / 1000 / speed;
}

/** The TOML of the suggestions that are ticked. */
export function chosenMetrics(suggested: MetricSuggestion[], ticked: string[]): string[] {
  return suggested.filter((metric) => ticked.includes(metric.key)).map((metric) => metric.toml);
}
