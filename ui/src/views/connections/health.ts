// The words and colours of a source's or sink's health. Pure.

export type HealthTone = 'good' | 'warn' | 'bad' | 'quiet';

const KNOWN: Record<string, { tone: HealthTone; word: string }> = {
  healthy: { tone: 'good', word: 'Healthy' },
  waiting: { tone: 'quiet', word: 'Waiting' },
  stale: { tone: 'warn', word: 'Stale' },
  failing: { tone: 'bad', word: 'Failing' },
};

/** Status is colour, icon and word; what is not known is said, never guessed. */
export function health(state: string): { tone: HealthTone; word: string } {
  return KNOWN[state] ?? { tone: 'quiet', word: 'Unknown' };
}

/** A key as it is shown until asked for: its beginning and length stay recognisable, the rest is hidden. */
export function masked(value: string): string {
  return value.length <= 8 ? '••••••••' : `${value.slice(0, 6)}••••${value.slice(-2)}`;
}

/** A sensible file name part, or a key name: lower-case words joined by `-`. */
export function keyName(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
}

/** A count that fits into a tab: "162", "12 k". */
export function compactCount(count: number): string {
  return count < 10_000 ? String(count) : `${Math.round(count / 1000)} k`;
}
