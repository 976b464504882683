/** Pausing, stopping and resuming: one place for the top bar, the palette and the keys. */
import { write, type RunState } from '$lib/backend';
import { status } from '$lib/status.svelte';
import { toasts } from '$lib/toasts.svelte';

class Run {
  /** Which dialog is open. */
  asking = $state<'none' | 'pause' | 'resume'>('none');
  busy = $state(false);

  get state(): RunState {
    return status.view?.run_state ?? 'running';
  }

  async to(command: 'pause' | 'stop' | 'resume', reason = ''): Promise<void> {
    this.busy = true;
    try {
      status.set(await write(command, { reason }));
      this.asking = 'none';
      const said = {
        pause: 'Paused. It watches and proposes, but executes nothing.',
        stop: 'Stopped. Every effect is denied until you resume.',
        resume: 'Running again.',
      }[command];
      toasts.show({
        cause: 'run',
        tone: command === 'resume' ? 'good' : 'info',
        text: said,
        action: command === 'pause' ? { label: 'Undo', run: () => void this.to('resume') } : undefined,
      });
    } catch (cause) {
      toasts.fail(`Could not ${command}`, cause);
    } finally {
      this.busy = false;
    }
  }
  /** Resuming after a stop asks for a typed word, after a pause it does not. */
  resume(): void {
    if (this.state === 'stopped') this.asking = 'resume';
    else void this.to('resume');
  }
}

export const run = new Run();
