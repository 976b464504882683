/** The one registry of keys: what is registered works, is shown by `?`, and stands beside its button. */
import { onDestroy } from 'svelte';

export interface Shortcut {
  /** `j`, `Enter`, `?`, `mod+k`, or a sequence `g t`. */
  keys: string;
  /** What it does, as the sheet shows it. */
  label: string;
  /** Heading on the sheet. */
  group: string;
  run: (event: KeyboardEvent) => void;
  /** Also works while typing in a field (only for combinations with mod, and Escape). */
  inFields?: boolean;
  /** Not now. */
  when?: () => boolean;
}

const SEQUENCE_MS = 900;

export const isMac = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform ?? '');

class Shortcuts {
  list = $state.raw<Shortcut[]>([]);
  #first = '';
  #firstAt = 0;

  add(shortcuts: Shortcut[]): () => void {
    this.list = [...this.list, ...shortcuts];
    return () => {
      this.list = this.list.filter((s) => !shortcuts.includes(s));
    };
  }

  /** Handles a key; the newest registration of a key wins, so a page may take over from the shell. */
  handle = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.isComposing || event.altKey) return;
    if (['Shift', 'Control', 'Meta', 'Alt'].includes(event.key)) return;
    const mod = event.ctrlKey || event.metaKey;
    const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const pressed = mod ? `mod+${name}` : name;
    const target = event.target as HTMLElement | null;
    const field = target?.closest('input, textarea, select, [contenteditable="true"]') !== null && target !== null;
    const dialog = document.querySelector('[role="dialog"][data-state="open"], [role="alertdialog"], [role="menu"]');
    const inDialog = dialog !== null;
    // A focused button keeps Enter and Space for itself.
    const onControl =
      (name === 'Enter' || name === ' ') && target?.closest('button, a[href], [role="menuitem"], summary') !== null;

    const sequence = event.timeStamp - this.#firstAt < SEQUENCE_MS ? `${this.#first} ${pressed}` : '';
    const fits = (s: Shortcut, keys: string) =>
      s.keys === keys && (!field || s.inFields === true) && (!inDialog || s.inFields === true) && (s.when?.() ?? true);
    const newest = [...this.list].reverse();
    const found =
      (sequence && newest.find((s) => fits(s, sequence))) || (!onControl && newest.find((s) => fits(s, pressed)));
    if (found) {
      event.preventDefault();
      this.#first = '';
      found.run(event);
      return;
    }
    this.#first = !field && !inDialog && newest.some((s) => s.keys.startsWith(`${pressed} `)) ? pressed : '';
    this.#firstAt = event.timeStamp;
  };
}

export const shortcuts = new Shortcuts();

/** Registers keys for as long as the component lives. */
export function keys(...list: Shortcut[]): void {
  onDestroy(shortcuts.add(list));
}

/** `mod+k` → `Ctrl K` (`⌘ K` on a Mac), `g t` → `G T`, `Enter` → `↵`. */
export function keyText(spec: string): string {
  const names: Record<string, string> = {
    Enter: '↵',
    Escape: 'Esc',
    ArrowUp: '↑',
    ArrowDown: '↓',
    mod: isMac ? '⌘' : 'Ctrl',
  };
  return spec
    .split(/[ +]/)
    .map((key) => names[key] ?? (key.length === 1 ? key.toUpperCase() : key))
    .join(' ');
}
