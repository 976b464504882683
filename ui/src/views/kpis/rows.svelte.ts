/** The events behind a number, read page by page as somebody scrolls. */
import { BackendError, read, type EventRow, type RowsArgs } from '$lib/backend';

/** What is asked for: a metric or an event over a range, perhaps one segment value of it. */
export interface RowsAsked {
  title: string;
  /** Period and segment in words. */
  detail: string;
  metric?: string;
  event?: string;
  from: number;
  to: number;
  segment?: [string, string];
}

const PAGE = 200;
/** No more rows are kept on screen than somebody would scroll through; after that the range should be narrowed. */
export const ROWS_MAX = 20_000;

export class Rows {
  list = $state.raw<EventRow[]>([]);
  total = $state<number | null>(null);
  error = $state.raw<BackendError | undefined>(undefined);
  loading = $state(false);
  /** Everything that matches has been read. */
  complete = $state(false);
  #cursor: string | null = null;
  #turn = 0;

  constructor(readonly asked: RowsAsked) {}

  get full(): boolean {
    return this.list.length >= ROWS_MAX;
  }

  /** Reads the next page; does nothing while one is on its way, at the end, or at the bound. */
  async more(): Promise<void> {
    if (this.loading || this.complete || this.full) return;
    const turn = ++this.#turn;
    this.loading = true;
    const { metric = null, event = null, from, to, segment = null } = this.asked;
    const args: RowsArgs = { metric, event, from, to, segment, cursor: this.#cursor, limit: PAGE };
    try {
      const page = await read('rows', args);
      if (turn !== this.#turn) return;
      this.list = [...this.list, ...page.rows];
      this.total = page.total ?? this.total;
      this.#cursor = page.cursor;
      this.complete = page.cursor === null;
      this.error = undefined;
    } catch (cause) {
      this.error = BackendError.from(cause);
    }
    this.loading = false;
  }

  async again(): Promise<void> {
    this.error = undefined;
    await this.more();
  }
}
