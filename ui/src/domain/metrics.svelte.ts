/**
 * How each metric is written: decisions name a metric by its key only. Call it while a component initialises; a page that
 * has the tiles anyway passes them.
 */
import type { Format, KpiTile, MetricBrief } from '$lib/backend';
import { metricValue, words, type Style } from '$lib/format';
import { query } from '$lib/query.svelte';

export interface Metrics {
  brief(key: string): MetricBrief | undefined;
  title(key: string): string;
  format(key: string): Format;
  /** A value of this metric as text. */
  value(key: string, value: number, style?: Style): string;
}

export function metrics(known?: () => KpiTile[] | undefined, wanted = () => true): Metrics {
  const kpis = query('kpis', () => (known || !wanted() ? null : { from: null, to: null }));
  const tiles = $derived(known ? known() : kpis.data?.tiles);
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- made anew, never changed
  const byKey = $derived(new Map((tiles ?? []).map((tile) => [tile.metric.key, tile.metric])));
  const format = (key: string): Format => byKey.get(key)?.format ?? 'number';
  return {
    brief: (key) => byKey.get(key),
    title: (key) => byKey.get(key)?.title ?? words(key),
    format,
    value: (key, value, style) => metricValue(value, format(key), style),
  };
}
