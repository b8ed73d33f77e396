// A map that holds a bounded number of entries: the one that was used longest ago makes room for a new one.

interface Node<T> {
  readonly key: string;
  readonly value: T;
  /** Used before this one; undefined of the oldest. */
  older: Node<T> | undefined;
  /** Used after this one; undefined of the newest. */
  newer: Node<T> | undefined;
}

export class RecentlyUsed<T> {
  readonly #limit: number;
  // A list beside the map: finding the first key of a Map is slow where many before it were deleted.
  readonly #nodes = new Map<string, Node<T>>();
  #oldest: Node<T> | undefined;
  #newest: Node<T> | undefined;

  /** @param limit at least 1 */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The value of a key, which counts as used. */
  get(key: string): T | undefined {
    const node = this.#nodes.get(key);
    if (node === undefined) return undefined;
    this.#unlink(node);
    this.#link(node);
    return node.value;
  }

  /** @returns the value that was evicted to make room, if one was */
  set(key: string, value: T): T | undefined {
    this.delete(key);
    const node: Node<T> = { key, value, older: undefined, newer: undefined };
    this.#link(node);
    this.#nodes.set(key, node);
    const oldest = this.#oldest;
    if (this.#nodes.size <= this.#limit || oldest === undefined) return undefined;
    this.delete(oldest.key);
    return oldest.value;
  }

  delete(key: string): void {
    const node = this.#nodes.get(key);
    if (node === undefined) return;
    this.#unlink(node);
    this.#nodes.delete(key);
  }

  /** In no particular order. */
  *values(): Iterable<T> {
    for (const { value } of this.#nodes.values()) yield value;
  }

  /** As the newest. */
  #link(node: Node<T>): void {
    node.older = this.#newest;
    node.newer = undefined;
    if (this.#newest === undefined) this.#oldest = node;
    else this.#newest.newer = node;
    this.#newest = node;
  }

  #unlink({ older, newer }: Node<T>): void {
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
  }
}
