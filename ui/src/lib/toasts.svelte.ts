/** Short messages: one per cause, with a way back where there is one. */
import { BackendError } from './backend';

export interface Toast {
  /** Same cause, same toast: it is renewed rather than stacked. */
  cause: string;
  text: string;
  detail?: string;
  tone: 'good' | 'bad' | 'info';
  action?: { label: string; run: () => void };
  times: number;
}

const STAYS_MS = { good: 5000, info: 6000, bad: 12_000 };

class Toasts {
  list = $state<Toast[]>([]);
  #timers = new Map<string, ReturnType<typeof setTimeout>>();

  show(toast: Omit<Toast, 'times' | 'tone'> & { tone?: Toast['tone'] }): void {
    const tone = toast.tone ?? 'good';
    const before = this.list.find((t) => t.cause === toast.cause);
    const next: Toast = { ...toast, tone, times: (before?.times ?? 0) + 1 };
    this.list = [...this.list.filter((t) => t !== before), next].slice(-4);
    this.hold(next.cause);
    this.release(next.cause);
  }
  /** An error, with its next step. */
  fail(what: string, cause: unknown): void {
    const error = BackendError.from(cause);
    this.show({
      cause: `${what}:${error.code}`,
      tone: 'bad',
      text: `${what}: ${error.message}`,
      detail: error.hint,
    });
  }
  dismiss(cause: string): void {
    this.hold(cause);
    this.list = this.list.filter((t) => t.cause !== cause);
  }
  /** While somebody looks at it, it stays. */
  hold(cause: string): void {
    clearTimeout(this.#timers.get(cause));
    this.#timers.delete(cause);
  }
  release(cause: string): void {
    const toast = this.list.find((t) => t.cause === cause);
    if (!toast) return;
    this.hold(cause);
    const wait = STAYS_MS[toast.tone] * (toast.action ? 1.6 : 1);
    this.#timers.set(
      cause,
      setTimeout(() => this.dismiss(cause), wait),
    );
  }
}

export const toasts = new Toasts();
