/** Keys made while the page is open: a read key is shown this once, so it must survive going to another address. */
import type { KeyMade } from '$lib/backend';

class JustMade {
  #keys = $state.raw<KeyMade[]>([]);

  add(keys: KeyMade[]): void {
    this.#keys = [...this.#keys, ...keys];
  }
  value(name: string): string | undefined {
    return this.#keys.find((key) => key.name === name)?.value;
  }
}

export const justMade = new JustMade();
