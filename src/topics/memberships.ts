// The topics of one subscriber: an array while there are few, since that takes a fraction of the memory, then a set.

/** With more topics than this, searching an array takes longer than searching a set. */
const MOST_IN_ARRAY = 32;

export class Memberships<T> {
  #topics: T[] | Set<T> = [];

  get size(): number {
    return Array.isArray(this.#topics) ? this.#topics.length : this.#topics.size;
  }

  /** @param topic one that has not been added yet */
  add(topic: T): void {
    if (!Array.isArray(this.#topics)) {
      this.#topics.add(topic);
    } else if (this.#topics.length < MOST_IN_ARRAY) {
      this.#topics.push(topic);
    } else {
      this.#topics = new Set(this.#topics).add(topic);
    }
  }

  /** @returns whether the topic was there */
  delete(topic: T): boolean {
    const topics = this.#topics;
    if (!Array.isArray(topics)) return topics.delete(topic);
    const index = topics.indexOf(topic);
    if (index < 0) return false;
    const last = topics.pop()!;
    if (last !== topic) topics[index] = last;
    return true;
  }

  all(): Iterable<T> {
    return this.#topics;
  }
}
