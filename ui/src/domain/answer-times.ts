/** Moments at which a card may come back, in the business's timezone. Reads no clock: `now` is given. */
import { business, startOfDay } from '$lib/format';

const HOUR = 3_600_000;

export interface Later {
  title: string;
  at: number;
}

/** What a person usually means by later: soon, tomorrow at nine, Monday at nine. */
export function usual(now: number): Later[] {
  const morning = (days: number) => startOfDay(startOfDay(now) + (days + 0.3) * 24 * HOUR) + 9 * HOUR;
  let monday = 1;
  while (weekday(morning(monday)) !== 1) monday += 1;
  return [
    { title: 'In an hour', at: now + HOUR },
    { title: 'In 4 hours', at: now + 4 * HOUR },
    { title: 'Tomorrow morning', at: morning(1) },
    ...(monday > 1 ? [{ title: 'Monday morning', at: morning(monday) }] : []),
  ];
}

/** 0 is Sunday. */
function weekday(at: number): number {
  const name = new Intl.DateTimeFormat('en-GB', { weekday: 'short', timeZone: business.timezone }).format(at);
  return ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'].indexOf(name);
}

/** How far a zone's clock is ahead of UTC at an instant, in milliseconds. */
function ahead(ms: number): number {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat('en-GB', {
      timeZone: business.timezone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    })
      .formatToParts(ms)
      .map((p) => [p.type, Number(p.value)]),
  ) as Record<string, number>;
  const local = Date.UTC(parts.year!, parts.month! - 1, parts.day, parts.hour, parts.minute);
  return local - Math.floor(ms / 60_000) * 60_000;
}

/** The instant a field of date and time means (`2026-11-23T09:00`) in the business's timezone; `null` while it is incomplete. */
export function fromField(text: string): number | null {
  const guess = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? Date.parse(`${text.slice(0, 16)}:00Z`) : NaN;
  if (Number.isNaN(guess)) return null;
  // Twice: the offset at the first guess may be that of the other side of a clock change.
  const first = guess - ahead(guess);
  return guess - ahead(first);
}

/** An instant as such a field writes it. */
export function toField(ms: number): string {
  return new Date(ms + ahead(ms)).toISOString().slice(0, 16);
}
