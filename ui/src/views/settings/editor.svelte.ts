/** `business.toml` while it is edited: what is on disk, what is typed, and why a save was refused. */
import { BackendError, write, type ProblemView } from '$lib/backend';

export class ConfigEditor {
  text = $state('');
  /** The file as it was last read or saved. */
  saved = $state('');
  problems = $state.raw<ProblemView[]>([]);
  error = $state.raw<BackendError | undefined>(undefined);
  saving = $state(false);
  /** The file changed on disk while something else was typed here. */
  changedOutside = $state(false);
  #known = false;

  get dirty(): boolean {
    return this.text !== this.saved;
  }

  /** Takes what the engine says is on disk; what is being typed is kept. */
  take(toml: string, problems: ProblemView[]): void {
    if (!this.#known || !this.dirty) {
      this.text = toml;
      this.problems = problems;
      this.changedOutside = false;
    } else if (toml !== this.saved) {
      this.changedOutside = true;
    }
    if (!this.dirty || !this.changedOutside) this.saved = toml;
    this.#known = true;
  }

  /** True when it was saved. A refusal leaves the text and says why, by line. */
  async save(): Promise<boolean> {
    if (this.saving) return false;
    this.saving = true;
    this.error = undefined;
    const sent = this.text;
    try {
      const view = await write('save_config', { toml: sent });
      this.problems = view.problems;
      if (view.toml !== sent) return false;
      this.saved = sent;
      this.changedOutside = false;
      return true;
    } catch (cause) {
      this.error = BackendError.from(cause);
      this.problems = refusals(this.error);
      return false;
    } finally {
      this.saving = false;
    }
  }

  /** Back to what is on disk. */
  discard(toml: string, problems: ProblemView[]): void {
    this.text = toml;
    this.saved = toml;
    this.problems = problems;
    this.error = undefined;
    this.changedOutside = false;
  }
}

/** "business.toml, line 12: …", "line 3, column 4 (metric.mrr.kind): …". */
const NAMED = /^\s*(?:[\w.]+[:,])?\s*line (\d+)(?:, column \d+)?(?: \([^)]*\))?:?\s*(.*)$/i;

/** The problems of a refusal, one per line of its message where it names lines ("line 12: …"). */
export function refusals(error: BackendError): ProblemView[] {
  const found: ProblemView[] = [];
  for (const part of error.message.split('\n')) {
    const named = NAMED.exec(part);
    if (named) found.push({ code: error.code, message: named[2] || part, hint: error.hint, line: Number(named[1]) });
  }
  return found;
}
