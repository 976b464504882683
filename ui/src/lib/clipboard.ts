/** Copying, with what came of it said in a toast. */
import { toasts } from './toasts.svelte';

/** Puts a text on the clipboard; `what` names it: “the id”. */
export async function copy(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toasts.show({ cause: 'copy', text: `Copied ${what}` });
  } catch (cause) {
    toasts.fail(`Could not copy ${what}`, cause);
  }
}
