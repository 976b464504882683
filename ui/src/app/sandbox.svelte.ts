/** What is done with a simulated business, from the banner, the palette and its page. */
import { write, type SandboxStartArgs, type SandboxView } from '$lib/backend';
import { forget, query } from '$lib/query.svelte';
import { go, href } from '$lib/router.svelte';
import { status } from '$lib/status.svelte';
import { toasts } from '$lib/toasts.svelte';
import { FASTEST, named, speedText } from '../views/sandbox/words';

const SEEN = 'epochcore.truth';

class Sandbox {
  /** Which of its dialogs is open. */
  asking = $state<'none' | 'reset' | 'delete'>('none');
  busy = $state(false);
  /** Somebody looks around while history is still being filled. */
  meanwhile = $state(false);
  /** What plays on after a pause. */
  #before = 86_400;
  #seen = $state<string | null>(null);

  get simulated(): boolean {
    return Boolean(status.view?.sandbox);
  }
  get filling(): boolean {
    return status.view?.sandbox?.phase === 'filling';
  }
  /** Whether the truth of this business was asked for before. */
  get revealed(): boolean {
    const folder = status.view?.business?.folder;
    return folder !== undefined && folder === (this.#seen ?? localStorage.getItem(SEEN));
  }
  reveal(): void {
    const folder = status.view?.business?.folder;
    if (!folder) return;
    this.#seen = folder;
    try {
      localStorage.setItem(SEEN, folder);
    } catch {
      // A full or forbidden storage asks again next time, nothing else.
    }
  }
  /** Another simulation begins: its truth is asked for anew. */
  hide(): void {
    this.#seen = null;
    localStorage.removeItem(SEEN);
  }

  async #do(what: string, act: () => Promise<unknown>): Promise<boolean> {
    this.busy = true;
    try {
      await act();
      return true;
    } catch (cause) {
      toasts.fail(what, cause);
      return false;
    } finally {
      this.busy = false;
    }
  }
  async start(args: Pick<SandboxStartArgs, 'scenario' | 'history_days' | 'speed' | 'hold' | 'seed'>): Promise<void> {
    await this.#do('Could not start the simulated business', async () => {
      const made = await write('sandbox_start', args);
      this.meanwhile = false;
      this.hide();
      go('#/today', 'replace');
      status.set(made);
      forget();
    });
  }
  async speed(to: number, hold?: boolean): Promise<void> {
    await this.#do('Could not change the speed', () => write('sandbox_speed', { speed: to, hold }));
  }
  async pause(view: SandboxView): Promise<void> {
    if (view.speed > 0) this.#before = view.speed;
    await this.speed(view.speed > 0 ? 0 : this.#before);
  }
  async skip(days = 7): Promise<void> {
    await this.#do('Could not skip', () => write('sandbox_skip', { days }));
  }
  async inject(kind: string): Promise<void> {
    const done = await this.#do('Could not let it happen', () => write('sandbox_inject', { kind }));
    if (done)
      toasts.show({
        cause: 'sandbox inject',
        tone: 'info',
        text: `${named(kind)}: it has begun`,
        detail: 'It lasts three days. Where it shows is for the engine to find.',
      });
  }
  async reset(): Promise<void> {
    const done = await this.#do('Could not reset', async () => {
      const made = await write('sandbox_reset', {});
      this.meanwhile = false;
      this.hide();
      go('#/today', 'replace');
      status.set(made);
      forget();
    });
    if (done) this.asking = 'none';
  }
  async delete(): Promise<void> {
    const done = await this.#do('Could not delete', async () => {
      const left = await write('sandbox_delete', {});
      this.hide();
      go('#/today', 'replace');
      status.set(left);
      forget();
    });
    if (!done) return;
    this.asking = 'none';
    toasts.show({ cause: 'sandbox delete', text: 'The simulated business is deleted' });
  }
  /** What the palette offers. */
  commands(): { title: string; hint?: string; run: () => void }[] {
    if (!this.simulated)
      return [
        {
          title: 'Try the sandbox business…',
          hint: 'simulated, in a folder of its own',
          run: () => go(href('sandbox')),
        },
      ];
    const speed = status.view?.sandbox?.speed ?? 0;
    const ended = status.view?.sandbox?.phase === 'ended';
    const acts = [
      { title: 'What was really going on', hint: 'the truth of the simulation', run: () => go(href('sandbox')) },
      { title: 'Reset the simulated business…', hint: 'from its first day again', run: () => (this.asking = 'reset') },
      { title: 'Delete the simulated business…', hint: 'with its folder', run: () => (this.asking = 'delete') },
    ];
    if (ended || this.filling) return acts;
    return [
      { title: 'Skip a week of the simulation', run: () => void this.skip() },
      speed > 0
        ? { title: 'Pause the simulation', run: () => void this.speed(0) }
        : { title: 'Let the simulation go on', run: () => void this.speed(this.#before) },
      ...[3600, 86_400, FASTEST]
        .filter((to) => to !== speed)
        .map((to) => ({ title: `Simulate ${speedText(to)}`, run: () => void this.speed(to) })),
      ...acts,
    ];
  }
}

export const sandbox = new Sandbox();

/** The simulation, read while there is one. */
export const simulation = () => query('sandbox', () => (sandbox.simulated ? {} : null));
