/** What is chosen on a KPI's page: grain, split, overlays; kept in the address so that a view can be linked to. */
import type { Grain, Insight, KpiView } from '$lib/backend';
import { span } from '$lib/format';
import { go, href, router } from '$lib/router.svelte';
import type { Window } from './chart-data';
import type { RowsAsked } from './rows.svelte';
import { bucket } from './words';

const GRAINS: Grain[] = ['hour', 'day', 'week', 'month'];

export class Detail {
  show = $state({ band: true, previous: true, goal: true, marks: true });
  window = $state.raw<Window | null>(null);
  index = $state<number | null>(null);
  rows = $state.raw<RowsAsked | undefined>(undefined);
  insight = $state<string | null>(null);

  constructor(readonly metric: string) {
    this.insight = router.current.params['insight'] ?? null;
  }

  get grain(): Grain | null {
    const wanted = router.current.params['grain'];
    return GRAINS.find((grain) => grain === wanted) ?? null;
  }
  get by(): string | null {
    return router.current.params['by'] ?? null;
  }
  get value(): string | null {
    return router.current.params['value'] ?? null;
  }

  /** Changes the address, not the history: going back leaves the page rather than undoing each click. */
  choose(to: { grain?: Grain; by?: string | null; value?: string | null }): void {
    const { params } = router.current;
    const by = to.by === undefined ? params['by'] : (to.by ?? undefined);
    const value =
      to.value === undefined ? (to.by === undefined ? params['value'] : undefined) : (to.value ?? undefined);
    go(href('kpis', this.metric, { grain: to.grain ?? params['grain'], by, value }), 'replace');
    if (to.grain) this.window = null;
    this.index = null;
  }

  /** Opens the events of one bucket, or of the whole range. */
  openRows(view: KpiView, from: number, to: number, grain: Grain | null, segment?: [string, string]): void {
    const part = segment ?? (this.by && this.value ? ([this.by, this.value] as [string, string]) : undefined);
    const when = grain ? bucket(from, grain) : span(from, to);
    this.rows = {
      title: `Rows behind ${view.metric.title}`,
      detail: part ? `${when}, ${part[0]} ${part[1]}` : when,
      metric: view.metric.key,
      from,
      to,
      ...(part ? { segment: part } : {}),
    };
  }

  openInsight(view: KpiView, insight: Insight, driver?: { segment: string; value: string }): void {
    this.openRows(
      view,
      insight.from,
      insight.to,
      view.metric.grain,
      driver ? [driver.segment, driver.value] : undefined,
    );
  }
}

/** The view restricted to one segment value: its own course, without what is only known of the whole. */
export function restricted(view: KpiView, value: string | null): KpiView {
  const part = value === null ? undefined : view.by.find((series) => series.segment === value);
  if (!part) return view;
  return { ...view, series: part, previous: { ...view.previous, points: [] }, band: [], goal: null, insights: [] };
}
