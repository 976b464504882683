/** An import from choosing the file to the running job: what is on screen, and what is asked of the engine. */
import {
  BackendError,
  read,
  write,
  type ColumnView,
  type EventRow,
  type ImportPreviewView,
  type ImportProgress,
  type Mapping,
  type ProblemView,
} from '$lib/backend';
import { assign, blocker, chosenMetrics, type Target } from './mapping';

/** How long typing must rest before the file is looked at again. */
const REST_MS = 300;

/** Whether a problem of the preview keeps the file from being imported; others only cost single lines. */
export function stops(problem: ProblemView): boolean {
  return ['mapping_invalid', 'expression_invalid', 'file_unreadable', 'config_invalid'].includes(problem.code);
}

export class ImportFlow {
  path = $state('');
  preview = $state.raw<ImportPreviewView | undefined>(undefined);
  mapping = $state.raw<Mapping | undefined>(undefined);
  /** Keys of the suggested metrics that are to be added. */
  ticked = $state.raw<string[]>([]);
  how = $state<'at_once' | 'as_live'>('at_once');
  /** Seconds of history per second. */
  speed = $state(86_400);
  /** History before this is imported at once; `null`: everything arrives live. */
  liveFrom = $state<number | null>(null);
  looking = $state(false);
  starting = $state(false);
  /** The file could not be looked at, or the import not started. */
  error = $state.raw<BackendError | undefined>(undefined);
  /** The mapping as corrected does not fit: the last good preview stays on screen. */
  mapError = $state.raw<BackendError | undefined>(undefined);
  #turn = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  get columns(): ColumnView[] {
    return this.preview?.columns ?? [];
  }
  get events(): EventRow[] {
    return this.preview?.events ?? [];
  }
  /** Why it cannot start now, or `null`. */
  get blocked(): string | null {
    if (!this.mapping || !this.preview) return 'Choose a file first';
    if (this.looking) return 'Reading the file with this mapping';
    return blocker(this.mapping) ?? this.mapError?.message ?? this.preview.problems.find(stops)?.message ?? null;
  }

  /** Looks at a file; the engine guesses the mapping. */
  async look(path: string): Promise<void> {
    const wanted = path.trim();
    if (!wanted) return;
    this.path = wanted;
    this.preview = undefined;
    this.mapping = undefined;
    this.mapError = undefined;
    this.error = undefined;
    const turn = ++this.#turn;
    this.looking = true;
    try {
      const preview = await read('import_preview', { path: wanted, mapping: null });
      if (turn !== this.#turn) return;
      this.#show(preview);
      this.mapping = preview.mapping;
      this.ticked = preview.metrics_suggested.map((metric) => metric.key);
    } catch (cause) {
      if (turn === this.#turn) this.error = BackendError.from(cause);
    }
    if (turn === this.#turn) this.looking = false;
  }

  #show(preview: ImportPreviewView) {
    this.preview = preview;
    const first = preview.events[0]?.time;
    if (this.liveFrom === null && first !== undefined) this.liveFrom = first;
  }

  /** Takes a corrected mapping and, once typing rests, shows what it makes. */
  remap(mapping: Mapping): void {
    this.mapping = mapping;
    clearTimeout(this.#timer);
    const turn = ++this.#turn;
    this.looking = true;
    this.#timer = setTimeout(() => void this.#relook(turn, mapping), REST_MS);
  }

  async #relook(turn: number, mapping: Mapping): Promise<void> {
    try {
      const preview = await read('import_preview', { path: this.path, mapping });
      if (turn !== this.#turn) return;
      this.#show(preview);
      this.mapError = undefined;
    } catch (cause) {
      if (turn === this.#turn) this.mapError = BackendError.from(cause);
    }
    if (turn === this.#turn) this.looking = false;
  }

  send(column: string, target: Target): void {
    if (this.mapping) this.remap(assign(this.mapping, this.columns, column, target));
  }

  tick(key: string, on: boolean): void {
    const others = this.ticked.filter((known) => known !== key);
    this.ticked = on ? [...others, key] : others;
  }

  /** Starts it; `null` when it did not start (the reason is in `error`). */
  async start(): Promise<ImportProgress | null> {
    if (!this.mapping || !this.preview || this.blocked) return null;
    this.starting = true;
    this.error = undefined;
    const live = this.how === 'as_live';
    try {
      return await write('import_start', {
        path: this.path,
        mapping: this.mapping,
        as_live: live ? this.speed : null,
        live_from: live ? this.liveFrom : null,
        add_metrics: chosenMetrics(this.preview.metrics_suggested, this.ticked),
      });
    } catch (cause) {
      this.error = BackendError.from(cause);
      return null;
    } finally {
      this.starting = false;
    }
  }

  /** Back to choosing. */
  reset(): void {
    this.#turn += 1;
    clearTimeout(this.#timer);
    this.path = '';
    this.preview = undefined;
    this.mapping = undefined;
    this.error = undefined;
    this.mapError = undefined;
    this.looking = false;
    this.liveFrom = null;
    this.how = 'at_once';
  }
}
