// How the grid of KPIs is ordered and what a tile says about itself. Knows nothing of the screen.
import type { Domain, KpiTile } from '$lib/backend/types';

export type Order = 'domain' | 'movement';

export interface TileGroup {
  /** `null` when the grid is not split by domain. */
  domain: Domain | null;
  tiles: KpiTile[];
}

/** Tone of a move: what colour and word it gets. */
export type Tone = 'good' | 'bad' | 'quiet';

/**
 * How far a metric moved, comparable between metrics: the newest anomaly's distance from its expectation counts first, then the
 * relative change. Unknown changes count as none.
 */
export function movement(tile: KpiTile): number {
  const anomaly = tile.insight ? Math.abs(tile.insight.score) : 0;
  return anomaly * 1000 + Math.min(Math.abs(tile.change ?? 0), 900);
}

/** Whether the change is in the founder's interest; `quiet` for none, or where no direction is declared. */
export function tone(tile: KpiTile): Tone {
  const change = tile.change;
  const better = tile.metric.better;
  if (change === null || Math.abs(change) < 0.0005 || better === 'neither') return 'quiet';
  return change > 0 === (better === 'up') ? 'good' : 'bad';
}

/** The anomaly mark of a tile, or `null`: direction and tone of its newest finding. */
export function mark(tile: KpiTile): { arrow: string; tone: Tone; word: string } | null {
  const found = tile.insight;
  if (!found) return null;
  const word = { anomaly: 'anomaly', threshold: 'threshold', guardrail: 'guardrail', goal: 'goal at risk' }[found.kind];
  const tone = found.good === null ? 'quiet' : found.good ? 'good' : 'bad';
  // A goal is missed over time; no bucket went up or down for it.
  const arrow = found.score === 0 ? '○' : found.score > 0 ? '▲' : '▼';
  return { arrow, tone, word };
}

function matches(tile: KpiTile, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return true;
  const { title, key, domain } = tile.metric;
  return `${title} ${key} ${domain}`.toLowerCase().includes(wanted);
}

/** The grid's groups in the order they are shown; within a domain the order of `business.toml` stays. */
export function group(tiles: KpiTile[], order: Order, filter = ''): TileGroup[] {
  const shown = tiles.filter((tile) => matches(tile, filter));
  if (shown.length === 0) return [];
  if (order === 'movement') {
    return [{ domain: null, tiles: [...shown].sort((a, b) => movement(b) - movement(a)) }];
  }
  const groups = new Map<Domain, KpiTile[]>();
  for (const tile of shown) {
    const known = groups.get(tile.metric.domain);
    if (known) known.push(tile);
    else groups.set(tile.metric.domain, [tile]);
  }
  return [...groups].map(([domain, tiles]) => ({ domain, tiles }));
}

/**
 * Groups in the order in which they fill rows of so many columns: a row takes the next group that still fits, so that domains
 * with one metric stand beside each other. What comes first stays first.
 */
export function pack(groups: TileGroup[], columns: number): TileGroup[] {
  const rest = [...groups];
  const packed: TileGroup[] = [];
  let free = columns;
  while (rest.length > 0) {
    const fits = rest.findIndex((candidate) => Math.min(candidate.tiles.length, columns) <= free);
    const [next] = rest.splice(fits < 0 ? 0 : fits, 1);
    if (!next) break;
    if (fits < 0) free = columns;
    free -= Math.min(next.tiles.length, columns);
    if (free === 0) free = columns;
    packed.push(next);
  }
  return packed;
}
