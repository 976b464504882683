// How times of buckets are said, by their grain. Pure but for the business's timezone.
import type { BandPoint, Grain, Point } from '$lib/backend/types';
import { business, clock, day, LOCALE } from '$lib/format';

/** "Mon 3 Nov 2025", "Mon 3 Nov 2025, 14:00", "week of 3 Nov 2025", "Nov 2025". */
export function bucket(ms: number, grain: Grain): string {
  const weekday = new Intl.DateTimeFormat(LOCALE, { weekday: 'short', timeZone: business.timezone }).format(ms);
  switch (grain) {
    case 'hour':
      return `${weekday} ${day(ms)}, ${clock(ms)}`;
    case 'day':
      return `${weekday} ${day(ms)}`;
    case 'week':
      return `week of ${day(ms)}`;
    case 'month':
      return new Intl.DateTimeFormat(LOCALE, { month: 'long', year: 'numeric', timeZone: business.timezone }).format(
        ms,
      );
  }
}

export const GRAIN_WORD: Record<Grain, string> = { hour: 'hour', day: 'day', week: 'week', month: 'month' };

/** How a value stands to its expectation, in words. */
export function against(value: number | null, band: Pick<BandPoint, 'p10' | 'p90'> | undefined): string {
  if (value === null || !band) return '';
  if (value < band.p10) return 'below what was expected';
  if (value > band.p90) return 'above what was expected';
  return 'as expected';
}

/** Share of a part in its whole; `null` where parts do not add up (ratios) or there is nothing to share. */
export function share(part: Point, whole: Point, additive: boolean): number | null {
  if (!additive || part.value === null || whole.value === null || whole.value === 0) return null;
  return part.value / whole.value;
}

/** Whether segment values add up to the whole: sums and counts, whose denominator is one. */
export function additive(parts: Point[], whole: Point): boolean {
  if (whole.denominator !== 1 || whole.value === null) return false;
  const sum = parts.reduce((total, part) => total + (part.value ?? 0), 0);
  return parts.every((part) => part.denominator === 1) && sum <= whole.value * 1.000001;
}

export { domainTitle, sentence } from '$lib/words';
