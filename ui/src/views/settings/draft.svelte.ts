/** A policy while it is written: what is typed, what it would mean, and why a save was refused. */
import { BackendError, read, write, type PolicyCheckView, type PolicyView } from '$lib/backend';

/** Typing pauses this long before the text is looked at. */
const WAIT_MS = 350;

export class PolicyDraft {
  /** Nothing while nobody edits. */
  text = $state<string | undefined>(undefined);
  /** The policy in force when the editing began. */
  base = $state('');
  check = $state.raw<PolicyCheckView | undefined>(undefined);
  /** The text that `check` is about. */
  checked = $state('');
  error = $state.raw<BackendError | undefined>(undefined);
  saving = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;

  get open(): boolean {
    return this.text !== undefined;
  }
  get dirty(): boolean {
    return this.text !== undefined && this.text !== this.base;
  }
  /** What is shown is of an earlier text. */
  get waiting(): boolean {
    return this.text !== this.checked || this.check === undefined;
  }

  /** Begins with the text in force, or with the file that was refused, so that it can be mended. */
  begin(view: PolicyView): void {
    this.base = view.refused ?? view.text;
    this.text = this.base;
    this.error = undefined;
    this.check = undefined;
    void this.#look(this.text);
  }

  /** Takes what is typed and looks at it once typing pauses. */
  type(text: string): void {
    this.text = text;
    this.error = undefined;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(text), WAIT_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.text = undefined;
    this.check = undefined;
    this.error = undefined;
  }

  async #look(text: string): Promise<void> {
    try {
      const check = await read('check_policy', { text });
      // Something else was typed meanwhile: its own answer will come.
      if (this.text !== text) return;
      this.check = check;
      this.checked = text;
    } catch (cause) {
      if (this.text === text) this.error = BackendError.from(cause);
    }
  }

  /** True when it is in force. An empty text takes the file away. */
  async save(text: string): Promise<boolean> {
    if (this.saving) return false;
    this.saving = true;
    this.error = undefined;
    try {
      await write('save_policy', { text });
      this.close();
      return true;
    } catch (cause) {
      this.error = BackendError.from(cause);
      return false;
    } finally {
      this.saving = false;
    }
  }
}
