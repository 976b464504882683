/** The autonomy ladder: cells in the order in which a founder looks for them, the newest word on each. */
import type { Cell, Decision, Standing } from '$lib/backend';
import { AUTONOMY } from '../../domain/card-words';

export const cellKey = (cell: Cell): string => `${cell.proposer} ${cell.act} ${cell.reversibility} ${cell.size}`;

/** What the newest decision of each cell said of it. */
export function fromDecisions(decisions: readonly Decision[]): Standing[] {
  const newest: Record<string, { at: number; standing: Standing }> = {};
  for (const d of decisions) {
    if (!d.standing) continue;
    const key = cellKey(d.standing.cell);
    if (!newest[key] || newest[key].at < d.created_at) newest[key] = { at: d.created_at, standing: d.standing };
  }
  return Object.values(newest).map((one) => one.standing);
}

/** By proposer, then what it may do most first, then by evidence. */
export function sorted(standings: readonly Standing[]): Standing[] {
  const rung = (s: Standing) => AUTONOMY.findIndex((a) => a.level === s.level);
  return [...standings].sort(
    (a, b) =>
      a.cell.proposer.localeCompare(b.cell.proposer, 'en') ||
      rung(b) - rung(a) ||
      b.cases - a.cases ||
      cellKey(a.cell).localeCompare(cellKey(b.cell), 'en'),
  );
}
