// Events as text for the clipboard. Pure.
import type { EventRow } from '$lib/backend/types';

/** What is copied: one event per line of pretty JSON, as an array. */
export function asJson(rows: EventRow[]): string {
  return JSON.stringify(
    rows.map((row) => ({
      ...row,
      time: new Date(row.time).toISOString(),
      received: new Date(row.received).toISOString(),
    })),
    null,
    2,
  );
}
