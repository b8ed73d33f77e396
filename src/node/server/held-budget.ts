// The memory that all connections of a server together hold for messages that are not complete, or wait to be delivered. Bytes are
// counted as they are allocated, not as they arrived.

/** A connection that may hold something. */
export interface Holder {
  /** Together too much is held, and this one holds most. */
  evict(limit: number): void;
}

/** What a connection that holds anything is charged beyond its bytes: its buffer, and the objects around it. */
const OVERHEAD = 512;

export class HeldBudget {
  readonly #limit: number;
  /** Those that hold something, and what they are charged. */
  readonly #charges = new Map<Holder, number>();
  #total = 0;

  /** @param limit bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** What is charged, in bytes. */
  get total(): number {
    return this.#total;
  }

  /** Says what a connection holds now; 0 once it is gone. May tell another one, or this one, to give up. */
  charge(holder: Holder, held: number): void {
    const before = this.#charges.get(holder) ?? 0;
    if (held === 0) {
      if (before === 0) return;
      this.#charges.delete(holder);
      this.#total -= before;
      return;
    }
    const charge = held + OVERHEAD;
    this.#charges.set(holder, charge);
    this.#total += charge - before;
    // Evict the connection that holds most, so that it cannot starve the others.
    while (this.#total > this.#limit) {
      let most = holder;
      let mostCharge = 0;
      for (const [other, charged] of this.#charges) {
        if (charged > mostCharge) [most, mostCharge] = [other, charged];
      }
      this.charge(most, 0);
      most.evict(this.#limit);
    }
  }
}
