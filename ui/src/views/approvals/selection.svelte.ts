/** Which cards are chosen for one answer. Knows ids and the order in which they stand; nothing of cards. */
export class Selection {
  #ids = $state.raw<readonly string[]>([]);
  /** Where a range begins. */
  #anchor: string | null = null;
  /** What was chosen before the range that is being drawn. */
  #before: readonly string[] = [];

  get size(): number {
    return this.#ids.length;
  }
  has(id: string): boolean {
    return this.#ids.includes(id);
  }
  toggle(id: string): void {
    this.#set(this.has(id) ? this.#ids.filter((one) => one !== id) : [...this.#ids, id], id);
  }
  /** Everything from where the range began to `to`, both included; drawn anew it shrinks again. */
  range(from: string, to: string, order: readonly string[]): void {
    if (this.#anchor === null || !order.includes(this.#anchor)) {
      this.#anchor = from;
      this.#before = this.#ids;
    }
    const [a, b] = [order.indexOf(this.#anchor), order.indexOf(to)];
    if (a < 0 || b < 0) return;
    const between = order.slice(Math.min(a, b), Math.max(a, b) + 1);
    this.#ids = [...this.#before.filter((id) => !between.includes(id)), ...between];
  }
  all(order: readonly string[]): void {
    this.#set([...order], null);
  }
  remove(ids: readonly string[]): void {
    this.#set(
      this.#ids.filter((id) => !ids.includes(id)),
      null,
    );
  }
  clear(): void {
    this.#set([], null);
  }
  #set(ids: readonly string[], anchor: string | null): void {
    this.#ids = this.#before = ids;
    this.#anchor = anchor;
  }
}
