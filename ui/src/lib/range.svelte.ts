/** The time range every page shares. Quick ranges end with the newest day of data, so history is never an empty chart. */
import { startOfDay } from './format';
import { status } from './status.svelte';

export const PRESETS = [
  { key: '1d', title: 'Last day', days: 1 },
  { key: '7d', title: 'Last 7 days', days: 7 },
  { key: '28d', title: 'Last 28 days', days: 28 },
  { key: '90d', title: 'Last 90 days', days: 90 },
  { key: '365d', title: 'Last 12 months', days: 365 },
] as const;
export type Preset = (typeof PRESETS)[number]['key'] | 'all' | 'custom';

const DAY_MS = 86_400_000;

class Range {
  preset = $state<Preset>('28d');
  #custom = $state.raw<{ from: number; to: number } | undefined>(undefined);

  /** End of the newest day of data on the engine's clock; changes once a day, not with the seconds. */
  #end = $derived.by(() => {
    const view = status.view;
    const newest = view?.last_event_at ?? view?.now ?? Date.now();
    return startOfDay(startOfDay(Math.min(newest, view?.now ?? newest)) + 1.25 * DAY_MS);
  });

  /** What to pass to the backend; the newest 28 days are the engine's own choice. */
  get args(): { from: number | null; to: number | null } {
    if (this.preset === '28d') return { from: null, to: null };
    return { from: this.from, to: this.to };
  }
  get to(): number {
    return this.preset === 'custom' && this.#custom ? this.#custom.to : this.#end;
  }
  get from(): number {
    if (this.preset === 'custom' && this.#custom) return this.#custom.from;
    if (this.preset === 'all') return this.first ?? startOfDay(this.#end - 3650 * DAY_MS);
    const days = PRESETS.find((p) => p.key === this.preset)?.days ?? 28;
    return startOfDay(this.#end - days * DAY_MS + DAY_MS / 4);
  }
  /** First event, when a page knows it. */
  first = $state<number | undefined>(undefined);

  choose(preset: Preset): void {
    this.preset = preset;
  }
  /** A span of its own, by zooming or by typing dates. */
  set(from: number, to: number): void {
    if (!(to > from)) return;
    this.#custom = { from: Math.round(from), to: Math.round(to) };
    this.preset = 'custom';
  }
  /** One width earlier (-1) or later (1). */
  shift(by: 1 | -1): void {
    const width = this.to - this.from;
    this.set(this.from + by * width, this.to + by * width);
  }
  /** Half or twice as wide, around the middle; never past the newest day. */
  zoom(factor: number): void {
    const middle = (this.from + this.to) / 2;
    const half = ((this.to - this.from) / 2) * factor;
    if (half * 2 < 2 * 3_600_000) return;
    const to = Math.min(this.#end, middle + half);
    this.set(to - half * 2, to);
  }
}

export const range = new Range();
