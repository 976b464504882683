// Refusals in groups that have one cause, and JSON made readable. Pure.
import type { RejectionView } from '$lib/backend';

export interface Group {
  key: string;
  source: string;
  reason: string;
  code: string;
  /** Newest first. */
  list: RejectionView[];
  /** Not yet sent again and taken. */
  open: RejectionView[];
}

/** What was refused for one reason from one source belongs together; the newest group first. */
export function groups(rejections: RejectionView[]): Group[] {
  const found = new Map<string, Group>();
  for (const one of [...rejections].sort((a, b) => b.at - a.at)) {
    const key = `${one.source}\u0000${one.code}\u0000${one.reason}`;
    let group = found.get(key);
    if (!group)
      found.set(key, (group = { key, source: one.source, reason: one.reason, code: one.code, list: [], open: [] }));
    group.list.push(one);
    if (!one.done) group.open.push(one);
  }
  return [...found.values()];
}

/** JSON with one property a line; what is no JSON stays as it came. */
export function pretty(raw: string): string {
  try {
    return JSON.stringify(JSON.parse(raw), null, 2);
  } catch {
    return raw;
  }
}

/** Why this text cannot be read as JSON; `null` when it can, or when it never was JSON. */
export function broken(text: string, before: string): string | null {
  const looks = (value: string) => /^\s*[[{]/.test(value);
  if (!looks(before) && !looks(text)) return null;
  try {
    JSON.parse(text);
    return null;
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}

/** The text as it is sent: JSON goes on one line again, as it came. */
export function compact(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}
