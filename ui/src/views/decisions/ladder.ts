/** The autonomy ladder: cells in the order in which a founder looks for them, the newest word on each. */
import type { Cell, Standing } from '$lib/backend';
import { AUTONOMY } from '../../domain/card-words';

export const cellKey = (cell: Cell): string => `${cell.proposer} ${cell.act} ${cell.reversibility} ${cell.size}`;

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
