/** From this speed on time goes as fast as it can: how fast that is only the engine knows. */
const FAST = 1e9;

/** The frame's facts, shared by every page: which business, which clock, which state. The shell feeds it. */
import type { StatusView } from './backend';
import { business } from './format';

class Status {
  view = $state.raw<StatusView | undefined>(undefined);
  /** When `view` was read, on this machine's clock. */
  #readAt = 0;
  /** Ticks so that relative times move: once a second while history is replayed, else seldom; an idle page does nothing. */
  #tick = $state(Date.now());

  set(view: StatusView): void {
    this.view = view;
    this.#readAt = Date.now();
    this.#tick = this.#readAt;
    if (view.business) {
      business.currency = view.business.currency;
      business.digits = view.business.currency_digits;
      business.timezone = view.business.timezone;
    }
  }
  run(): () => void {
    const beat = () => {
      // A page nobody sees draws nothing, and time that stands still moves no text.
      if (document.hidden || this.#still) return;
      this.#tick = Date.now();
    };
    const clock = this.view?.clock;
    const timer = setInterval(beat, clock?.mode === 'replay' ? 1000 : 20_000);
    document.addEventListener('visibilitychange', beat);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', beat);
    };
  }
  get #still(): boolean {
    const clock = this.view?.clock;
    return clock?.mode === 'replay' && (clock.held || clock.speed === 0);
  }
  /** The engine's clock, carried forward since it was last told. */
  get now(): number {
    const view = this.view;
    if (!view) return this.#tick;
    const since = this.#tick - this.#readAt;
    if (view.clock.mode === 'real') return view.now + since;
    if (view.clock.held || view.clock.speed >= FAST) return view.now;
    return Math.min(view.clock.until, view.now + since * view.clock.speed);
  }
  /** The same without waiting for the next tick, for what counts seconds by itself. */
  exactly(): number {
    const view = this.view;
    if (!view) return Date.now();
    const since = Date.now() - this.#readAt;
    if (view.clock.mode === 'real') return view.now + since;
    return view.clock.held || view.clock.speed >= FAST
      ? view.now
      : Math.min(view.clock.until, view.now + since * view.clock.speed);
  }
  get currency(): string {
    return this.view?.business?.currency ?? business.currency;
  }
}

export const status = new Status();
