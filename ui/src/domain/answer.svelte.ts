/** Answering a card: one key where undoing is free, a second look where it costs, a typed name where it cannot be undone. */
import { BackendError, write, type Decision, type DecisionView, type LeverValue } from '$lib/backend';
import { clock, day, leverValue } from '$lib/format';
import { status } from '$lib/status.svelte';
import { toasts } from '$lib/toasts.svelte';
import { actName } from '$lib/words';

export type Asking = 'approve' | 'edit' | 'veto' | 'later';

export const REASONS = [
  { key: 'wrong', title: 'It is wrong', note: 'the cause or the numbers do not hold' },
  { key: 'not_now', title: 'Not now', note: 'right, but not at this time' },
  { key: 'too_risky', title: 'Too risky', note: 'the worst case is not acceptable' },
  { key: 'too_costly', title: 'Too costly', note: 'not worth money or attention' },
  { key: 'other', title: 'Something else', note: 'say it below' },
] as const;

/** Why a card cannot be answered now; `null` when it can. */
export function whyNot(decision: Decision, now: number): string | null {
  if (decision.state !== 'pending') return `it is ${decision.state.replace('_', ' ')}`;
  if (decision.expires_at <= now) return 'it expired';
  return null;
}

class Answer {
  asking = $state<Asking | null>(null);
  view = $state.raw<DecisionView | null>(null);
  busy = $state(false);
  /** Called after an answer was taken, to go on to the next card. */
  onanswered: ((id: string) => void) | undefined;

  /** Starts an answer; approving something free to undo is done at once. */
  start(kind: Asking, view: DecisionView): void {
    if (this.busy) return;
    const { decision } = view;
    const no =
      whyNot(decision, status.now) ??
      (kind === 'edit' && decision.editable.length === 0 ? 'nothing on this card may be edited' : null);
    if (no) {
      toasts.show({ cause: 'answer-no', tone: 'info', text: `This card cannot be answered so: ${no}.` });
      return;
    }
    this.view = view;
    if (kind === 'approve' && (decision.reversibility === 'R0' || decision.reversibility === 'R1')) void this.approve();
    else this.asking = kind;
  }
  close(): void {
    this.asking = null;
  }

  async #send(
    what: string,
    said: (d: Decision) => string,
    send: (id: string, card_hash: string) => Promise<Decision>,
    undo?: { label: string; run: () => void },
  ): Promise<void> {
    const view = this.view;
    if (!view || this.busy) return;
    this.busy = true;
    try {
      const done = await send(view.decision.id, view.card_hash);
      this.asking = null;
      toasts.show({
        cause: `answer-${view.decision.id}`,
        text: said(done),
        detail: view.decision.headline,
        action: undo,
      });
      this.onanswered?.(view.decision.id);
    } catch (cause) {
      const error = BackendError.from(cause);
      // A card that changed is shown anew; an answer to the old one is worth nothing.
      if (error.code === 'stale' || error.code === 'wrong_state') this.asking = null;
      toasts.fail(what, error);
    } finally {
      this.busy = false;
    }
  }
  approve(): Promise<void> {
    return this.#send(
      'Could not approve',
      () => 'Approved',
      (id, card_hash) => write('approve', { id, card_hash }),
    );
  }
  edit(to: LeverValue): Promise<void> {
    return this.#send(
      'Could not approve the edit',
      () => `Approved with ${leverValue(to)}`,
      (id, card_hash) => write('edit', { id, card_hash, to }),
    );
  }
  veto(reason: string, text: string): Promise<void> {
    return this.#send(
      'Could not veto',
      () => 'Vetoed',
      (id, card_hash) => write('veto', { id, card_hash, reason, text }),
    );
  }
  later(until: number): Promise<void> {
    const view = this.view;
    const back = {
      label: 'Undo',
      run: () =>
        void (
          view &&
          write('defer', { id: view.decision.id, card_hash: view.card_hash, until: Math.floor(status.now) }).catch(
            (e: unknown) => toasts.fail('Could not bring it back', e),
          )
        ),
    };
    return this.#send(
      'Could not put it off',
      () => `Comes back ${day(until, status.now)}, ${clock(until)}`,
      (id, card_hash) => write('defer', { id, card_hash, until: Math.floor(until) }),
      back,
    );
  }
  /** What has to be typed before something that cannot be undone. */
  get word(): string {
    return this.view ? actName(this.view.decision.act) : '';
  }
}

export const answer = new Answer();
