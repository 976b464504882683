/**
 * Reads that stay fresh: `query('kpis', () => args)` in a component. The engine's change log marks topics stale; what is on
 * screen and depends on them is read again, once per frame. Answers are shared between components and kept between pages.
 */
import { untrack } from 'svelte';
import { BackendError, PROVIDES, read, type ReadArgs, type ReadName, type ReadResult } from './backend';

const CACHE_MAX = 64;

class Entry {
  data = $state.raw<unknown>(undefined);
  error = $state.raw<BackendError | undefined>(undefined);
  loading = $state(false);
  /** When `data` was read. */
  at = $state(0);
  users = 0;
  dirty = true;
  #again = false;

  constructor(
    readonly name: ReadName,
    readonly args: unknown,
  ) {}

  async refresh(): Promise<void> {
    if (this.loading) {
      this.#again = true;
      return;
    }
    this.loading = true;
    this.dirty = false;
    try {
      this.data = await read(this.name, this.args as never);
      this.error = undefined;
      this.at = Date.now();
      // How long a start took, for whoever measures it.
      performance.mark?.(`read ${this.name}`);
    } catch (cause) {
      this.error = BackendError.from(cause);
      this.dirty = true;
    }
    this.loading = false;
    if (this.#again) {
      this.#again = false;
      await this.refresh();
    }
  }
}

// Neither is drawn: entries carry their own signals.
// eslint-disable-next-line svelte/prefer-svelte-reactivity
const cache = new Map<string, Entry>();

function entryFor(name: ReadName, args: unknown): Entry {
  const key = `${name} ${JSON.stringify(args)}`;
  let entry = cache.get(key);
  if (entry) cache.delete(key);
  else {
    // Entries are made inside deriveds; their own signals must not belong to the one that happens to run.
    entry = untrack(() => new Entry(name, args));
    for (const [old, { users }] of cache) {
      if (cache.size < CACHE_MAX) break;
      if (users === 0) cache.delete(old);
    }
  }
  cache.set(key, entry);
  return entry;
}

// eslint-disable-next-line svelte/prefer-svelte-reactivity
const pending = new Set<string>();
let frame = 0;

function flush() {
  frame = 0;
  const topics = new Set(pending);
  pending.clear();
  for (const entry of cache.values()) {
    if (!PROVIDES[entry.name].some((t) => topics.has(t))) continue;
    entry.dirty = true;
    if (entry.users > 0) void entry.refresh();
  }
}

/** Marks topics stale; what is on screen is read again in the next frame. */
export function invalidate(topics: Iterable<string>): void {
  for (const topic of topics) pending.add(topic);
  // A hidden page gets no frames; it must still be right when it comes back.
  frame ||= document.hidden ? window.setTimeout(flush, 200) : requestAnimationFrame(flush);
}

/** Forgets every answer (another business was opened; tests). */
export function forget(): void {
  for (const [key, entry] of cache) {
    if (entry.users === 0) cache.delete(key);
    else void entry.refresh();
  }
}

export interface Query<T> {
  /** The newest answer; stays while it is refreshed and when a refresh fails. */
  readonly data: T | undefined;
  readonly error: BackendError | undefined;
  /** No answer yet. */
  readonly loading: boolean;
  /** There is an answer, but refreshing it failed. */
  readonly stale: boolean;
  readonly at: number;
  refresh(): Promise<void>;
}

/** A read that follows its arguments and the change log. Call it while a component initialises; `null` arguments wait. */
export function query<K extends ReadName>(name: K, args: () => ReadArgs<K> | null): Query<ReadResult<K>> {
  const entry = $derived.by(() => {
    const now = args();
    return now === null ? undefined : entryFor(name, now);
  });
  // What was shown before the arguments changed stays on screen until the new answer is here.
  let last = $state.raw<ReadResult<K> | undefined>(undefined);
  $effect(() => {
    const mine = entry;
    if (!mine) return;
    mine.users += 1;
    if (untrack(() => mine.dirty)) void untrack(() => mine.refresh());
    return () => {
      mine.users -= 1;
    };
  });
  $effect(() => {
    if (entry?.data !== undefined) last = entry.data as ReadResult<K>;
  });
  return {
    get data() {
      return (entry?.data as ReadResult<K> | undefined) ?? (entry ? last : undefined);
    },
    get error() {
      return entry?.error;
    },
    get loading() {
      return !entry || (entry.data === undefined && !entry.error && last === undefined);
    },
    get stale() {
      return entry?.error !== undefined && (entry.data !== undefined || last !== undefined);
    },
    get at() {
      return entry?.at ?? 0;
    },
    refresh: async () => {
      await entry?.refresh();
    },
  };
}

/** Drops the whole cache: every test begins with nothing known. */
export function reset(): void {
  cache.clear();
  pending.clear();
}
