// The topics of one subscriber: an array of a few, which is a fraction of the memory, and a set of many.

/** Above this a search through an array takes longer than one in a set. */
const MOST_IN_ARRAY = 32;

export class Memberships<T> {
  #topics: T[] | Set<T> = [];

  get size(): number {
    return Array.isArray(this.#topics) ? this.#topics.length : this.#topics.size;
  }

  /** @param topic one that is not in it */
  add(topic: T): void {
    if (!Array.isArray(this.#topics)) {
      this.#topics.add(topic);
    } else if (this.#topics.length < MOST_IN_ARRAY) {
      this.#topics.push(topic);
    } else {
      this.#topics = new Set(this.#topics).add(topic);
    }
  }

  /** @returns whether it was in it */
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
