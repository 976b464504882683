// The words and colours of a source's, a sink's or a target's health, and what was wanted of it. Pure.
import type { KeyView, SecretView, SourceView } from '$lib/backend';

export type HealthTone = 'good' | 'warn' | 'bad' | 'quiet';

const KNOWN: Record<string, { tone: HealthTone; word: string }> = {
  healthy: { tone: 'good', word: 'Healthy' },
  waiting: { tone: 'quiet', word: 'Waiting' },
  held: { tone: 'warn', word: 'Held' },
  stale: { tone: 'warn', word: 'Stale' },
  failing: { tone: 'bad', word: 'Failing' },
};

/** Status is colour, icon and word; what is not known is said, never guessed. */
export function health(state: string): { tone: HealthTone; word: string } {
  return KNOWN[state] ?? { tone: 'quiet', word: 'Unknown' };
}

/** A source's key of this kind: the newest that is not revoked, else the newest. */
export function keyOf(source: string, keys: KeyView[], kind = 'write'): KeyView | undefined {
  const mine = keys.filter((key) => key.kind === kind && key.source === source);
  const newest = (list: KeyView[]) => [...list].sort((a, b) => b.created_at - a.created_at)[0];
  return newest(mine.filter((key) => !key.revoked)) ?? newest(mine);
}

/** The name of the key that takes over from this one: `web` → `web-2`, `web-2` → `web-3`. */
export function rotated(name: string, taken: string[]): string {
  const base = name.replace(/-\d+$/, '');
  for (let n = 2; ; n += 1) if (!taken.includes(`${base}-${n}`)) return `${base}-${n}`;
}

/** What was wanted of a source, apart from how it is. */
export function wanted(source: SourceView, keys: KeyView[], secrets: SecretView[] = []): { on: boolean; text: string } {
  switch (source.kind) {
    case 'stripe':
      return secrets.some((secret) => secret.name === source.key && !secret.set)
        ? { on: false, text: 'Off: no secret' }
        : { on: true, text: 'On' };
    case 'folder':
      return { on: true, text: 'Watched' };
    case 'file':
      return { on: false, text: 'Imported once' };
    default: {
      const key = keyOf(source.key, keys);
      return !key
        ? { on: false, text: 'Off: no key' }
        : key.revoked
          ? { on: false, text: 'Off: key revoked' }
          : { on: true, text: 'On' };
    }
  }
}

/** A sensible key out of what somebody typed: lower-case words joined by `-`. */
export function keyName(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40);
}

/** A count that fits into a tab: "162", "12 k". */
export function compactCount(count: number): string {
  return count < 10_000 ? String(count) : `${Math.round(count / 1000)} k`;
}

/** `2 s ago`; whole minutes after the first. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return seconds < 60 ? `${seconds} s ago` : `${Math.floor(seconds / 60)} min ago`;
}
