/**
 * Answering cards: one key where undoing is free, a second look where it costs, a typed name where it cannot be undone; one card or
 * several. Answers are sent in the order in which they were given; none is dropped because another is on its way.
 */
import {
  BackendError,
  read,
  write,
  type Decision,
  type DecisionView,
  type LeverValue,
  type Wake,
  type GrantTerms,
} from '$lib/backend';
import { clock, day, leverValue, money, plural } from '$lib/format';
import { status } from '$lib/status.svelte';
import { toasts, type Toast } from '$lib/toasts.svelte';
import { actName } from '$lib/words';
import { ask, defer, delegate, ungrantable, withdraw } from './answer-verbs';

export type Asking = 'approve' | 'edit' | 'veto' | 'later' | 'ask' | 'delegate';

export const REASONS = [
  { key: 'wrong', title: 'It is wrong', note: 'the cause or the numbers do not hold' },
  { key: 'not_now', title: 'Not now', note: 'right, but not at this time' },
  { key: 'too_risky', title: 'Too risky', note: 'the worst case is not acceptable' },
  { key: 'too_costly', title: 'Too costly', note: 'not worth money or attention' },
  { key: 'other', title: 'Something else', note: 'say it below' },
] as const;

/** What approving takes: a key, a second look, or something typed. Friction follows what it takes to undo. */
export function friction(decision: Decision): 'key' | 'look' | 'typed' {
  if (decision.reversibility === 'R3') return 'typed';
  return decision.reversibility === 'R2' || decision.level === 'sovereign' ? 'look' : 'key';
}

/** Why a card cannot be answered now; `null` when it can. */
export function whyNot(decision: Decision, now: number): string | null {
  // Asking does not take the answer away: a card may be answered before its proposer has replied.
  if (decision.state !== 'pending' && decision.state !== 'asked') return `it is ${decision.state.replace('_', ' ')}`;
  if (decision.expires_at <= now) return 'it expired';
  return null;
}

/** Why this answer cannot be given to this card now; `null` when it can. */
export function cannot(kind: Asking, decision: Decision, now: number): string | null {
  return (
    whyNot(decision, now) ??
    (kind === 'edit' && decision.editable.length === 0 ? 'nothing on this card may be edited' : null) ??
    (kind === 'ask' && decision.state === 'asked' ? 'it waits for an answer already' : null) ??
    (kind === 'delegate' ? ungrantable(decision) : null)
  );
}

/** Why this answer cannot be given to this card together with others; `null` when it can. */
export function cannotTogether(kind: Asking, decision: Decision, now: number): string | null {
  if (kind === 'edit') return 'a value is edited one card at a time';
  if (kind === 'ask') return 'a question is asked on its card';
  if (kind === 'delegate') return 'a grant is given on its card';
  if (kind === 'approve' && friction(decision) === 'typed')
    return 'it cannot be undone, so its name is typed on its card';
  return cannot(kind, decision, now);
}

/** What has to be typed before something that cannot be undone: the amount where it costs money, else its name. */
export function typedWord(decision: Decision): string {
  return decision.cost_minor > 0 ? money(decision.cost_minor) : actName(decision.act);
}
/** Whether that was typed; an amount with or without its sign, spaces and separators. */
export function typedRight(decision: Decision, typed: string): boolean {
  const bare = (text: string) => text.replace(/[^\d.]/g, '');
  const word = typedWord(decision);
  if (typed.trim() === word) return true;
  return decision.cost_minor > 0 && typed.trim() !== '' && Number(bare(typed)) === Number(bare(word));
}

/** How long a card that was answered stays hidden while the list is read again. */
const HIDDEN_MS = 1200;

interface Sent {
  /** `Could not approve`. */
  fails: string;
  /** `Approved`. */
  done: string;
  send: (id: string, card_hash: string) => Promise<unknown>;
  /** Takes it back, where that can be done. */
  back?: { fails: string; send: (id: string, card_hash: string) => Promise<unknown> };
}

class Answer {
  asking = $state<Asking | null>(null);
  /** The cards being answered. */
  cards = $state.raw<DecisionView[]>([]);
  /** A dialog's answer is on its way. */
  busy = $state(false);
  /** Cards of a batch are being read. */
  reading = $state(false);
  /** Cards that were answered and may still be on the list that is on screen. */
  gone = $state.raw<ReadonlySet<string>>(new Set());
  /** Called with the cards an answer was given to, to go on to the next one. */
  onanswered: ((ids: string[]) => void) | undefined;
  #tail: Promise<void> = Promise.resolve();

  /** The card being answered; the first of several. */
  get view(): DecisionView | null {
    return this.cards[0] ?? null;
  }
  get many(): boolean {
    return this.cards.length > 1;
  }

  /** Starts an answer; approving something free to undo is done at once. */
  start(kind: Asking, view: DecisionView): void {
    if (this.busy || this.asking) return;
    const no = cannot(kind, view.decision, status.now);
    if (no) {
      toasts.show({ cause: 'answer-no', tone: 'info', text: `This card cannot be answered so: ${no}.` });
      return;
    }
    this.cards = [view];
    if (kind === 'approve' && friction(view.decision) === 'key') void this.approve();
    else this.asking = kind;
  }
  /** Starts one answer to several cards. They are read first: an answer binds to the hash of each. */
  async startMany(kind: Asking, ids: readonly string[]): Promise<void> {
    if (this.busy || this.asking || this.reading || ids.length === 0) return;
    this.reading = true;
    try {
      const views = await Promise.all(ids.map((id) => read('decision', { id })));
      const odd = views.find((view) => views.length > 1 && cannotTogether(kind, view.decision, status.now));
      if (odd) {
        const why = cannotTogether(kind, odd.decision, status.now) ?? '';
        toasts.show({ cause: 'answer-no', tone: 'info', text: `Not together: ${why}.`, detail: odd.decision.headline });
        return;
      }
      this.reading = false;
      if (views.length === 1) this.start(kind, views[0]!);
      else {
        this.cards = views;
        this.asking = kind;
      }
    } catch (cause) {
      toasts.fail('Could not read the chosen cards', cause);
    } finally {
      this.reading = false;
    }
  }
  close(): void {
    this.asking = null;
  }
  /** Forgets what is open; every test begins so. */
  reset(): void {
    this.asking = null;
    this.cards = [];
    this.busy = this.reading = false;
    this.gone = new Set();
    this.#tail = Promise.resolve();
  }

  #hide(ids: readonly string[]): void {
    this.gone = new Set([...this.gone, ...ids]);
  }
  #show(ids: readonly string[]): void {
    this.gone = new Set([...this.gone].filter((id) => !ids.includes(id)));
  }
  async #give(one: Sent): Promise<void> {
    const cards = this.cards;
    if (cards.length === 0 || this.busy) return;
    const inDialog = this.asking !== null;
    const ids = cards.map((view) => view.decision.id);
    if (inDialog) this.busy = true;
    else {
      this.onanswered?.(ids);
      this.#hide(ids);
    }
    const good: DecisionView[] = [];
    const bad: { view: DecisionView; error: BackendError }[] = [];
    const mine = this.#tail.then(async () => {
      for (const view of cards)
        try {
          await one.send(view.decision.id, view.card_hash);
          good.push(view);
        } catch (cause) {
          bad.push({ view, error: BackendError.from(cause) });
        }
    });
    this.#tail = mine;
    await mine;
    if (inDialog) this.busy = false;
    const failed = bad.map(({ view }) => view.decision.id);
    const answered = good.map((view) => view.decision.id);
    // A card that changed is shown anew; an answer to the old one is worth nothing.
    if (inDialog && (good.length > 0 || bad.some(({ error }) => ['stale', 'wrong_state'].includes(error.code))))
      this.asking = null;
    if (inDialog && good.length > 0) {
      this.onanswered?.(answered);
      this.#hide(answered);
    }
    this.#show(failed);
    if (good.length > 0) setTimeout(() => this.#show(answered), HIDDEN_MS);
    this.#tell(one, good, bad);
  }
  #tell(one: Sent, good: DecisionView[], bad: { view: DecisionView; error: BackendError }[]): void {
    const first = good[0];
    if (first)
      toasts.show({
        cause: `answer-${first.decision.id}`,
        text: good.length > 1 ? `${one.done}: ${plural(good.length, 'card')}` : one.done,
        detail: good.length > 1 ? undefined : first.decision.headline,
        action: one.back ? this.#undo(one.back, good) : undefined,
      });
    const worst = bad[0];
    if (worst)
      toasts.fail(
        bad.length > 1
          ? `${one.fails} ${plural(bad.length, 'card')}`
          : `${one.fails} “${worst.view.decision.headline}”`,
        worst.error,
      );
  }
  #undo(back: NonNullable<Sent['back']>, views: DecisionView[]): Toast['action'] {
    return {
      label: 'Undo',
      run: () => {
        this.#show(views.map((view) => view.decision.id));
        this.#tail = this.#tail.then(async () => {
          for (const view of views)
            await back.send(view.decision.id, view.card_hash).catch((cause: unknown) => toasts.fail(back.fails, cause));
        });
      },
    };
  }

  approve(): Promise<void> {
    return this.#give({
      fails: 'Could not approve',
      done: 'Approved',
      send: (id, card_hash) => write('approve', { id, card_hash }),
      // What cools off has not run yet.
      back: this.cards.every(({ decision }) => decision.level === 'sovereign')
        ? { fails: 'Could not withdraw it', send: (id) => withdraw(id) }
        : undefined,
    });
  }
  /** Approves with other values, by field. */
  edit(set: Record<string, LeverValue>): Promise<void> {
    const [first, ...more] = Object.values(set);
    return this.#give({
      fails: 'Could not approve the edit of',
      done: first !== undefined && more.length === 0 ? `Approved with ${leverValue(first)}` : 'Approved with changes',
      send: (id, card_hash) => write('edit', { id, card_hash, set }),
    });
  }
  veto(reason: string, text: string): Promise<void> {
    return this.#give({
      fails: 'Could not veto',
      done: 'Vetoed',
      send: (id, card_hash) => write('veto', { id, card_hash, reason, text }),
    });
  }
  ask(question: string): Promise<void> {
    return this.#give({
      fails: 'Could not ask about',
      done: 'Asked; it comes back with the answer',
      send: (id, card_hash) => ask(id, card_hash, question),
    });
  }
  delegate(terms: GrantTerms): Promise<void> {
    return this.#give({
      fails: 'Could not allow',
      done: `Approved, and allowed ${plural(terms.uses, 'time')} more`,
      send: (id, card_hash) => delegate(id, card_hash, terms),
    });
  }
  /** Puts off until a time, or until something happens before. */
  later(until: number, wake: Wake | null = null): Promise<void> {
    return this.#give({
      fails: 'Could not put off',
      done: `Comes back ${day(until, status.now)}, ${clock(until)}`,
      send: (id, card_hash) => defer(id, card_hash, Math.floor(until), wake),
      back: {
        fails: 'Could not bring it back',
        send: (id, card_hash) => defer(id, card_hash, Math.floor(status.now), null),
      },
    });
  }
}

export const answer = new Answer();
