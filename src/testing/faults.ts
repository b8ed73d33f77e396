// What a transport may do to the bytes that it carries.

/** What happens to the bytes of one direction. Without any, each write arrives as one read. */
export interface Faults {
  /**
   * Milliseconds of virtual time that bytes are on their way (default 0). A function is called for each write. Bytes never overtake
   * earlier ones.
   */
  readonly delay?: number | (() => number);
  /** Bytes that are due at the same time arrive in one read (default false). */
  readonly coalesce?: boolean;
  /**
   * The most bytes of a read, at least 1 (default: no limit). A function is called for each read with the number of bytes that are there,
   * and returns how many the read gets.
   */
  readonly split?: number | ((available: number) => number);
  /**
   * Puts reads that are due at the same time into another order, or leaves some out. TCP does neither; use it to show that a program
   * notices.
   *
   * @param reads the reads in the right order
   * @returns the reads that arrive
   */
  readonly reorder?: (reads: readonly Uint8Array[]) => readonly Uint8Array[];
  /** How many bytes arrive before this direction ends, in the middle of a frame or wherever that is (default: all). */
  readonly cutAfter?: number;
}

/**
 * A source of random numbers that a seed determines, so that a test that failed can be run again.
 *
 * @param seed an integer
 * @returns a function like `Math.random`: from 0 on, below 1
 */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  // The finalizer of a 32-bit hash over a Weyl sequence: enough for cutting bytes, and no more.
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x85ebca6b);
    mixed ^= mixed >>> 13;
    mixed = Math.imul(mixed, 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}

/** How far `randomFaults` may go. */
export interface RandomFaultsOptions {
  /** The longest delay in milliseconds (default 100). */
  readonly maxDelay?: number;
  /** The most bytes of a read, at least 1 (default 1500). */
  readonly maxRead?: number;
}

/**
 * Faults as an ordinary network has them: bytes are late, and arrive in other portions than they were written. Nothing is lost.
 *
 * @param seed an integer that determines them
 */
export function randomFaults(seed: number, options: RandomFaultsOptions = {}): Faults {
  const { maxDelay = 100, maxRead = 1500 } = options;
  const random = seededRandom(seed);
  return {
    delay: () => Math.floor(random() * (maxDelay + 1)),
    split: () => 1 + Math.floor(random() * maxRead),
    coalesce: true,
  };
}

/**
 * What a read is made of: the portions in which `bytes` arrive.
 *
 * @internal
 */
export function cutReads(bytes: Uint8Array, split: Faults['split']): Uint8Array[] {
  if (split === undefined) return bytes.length === 0 ? [] : [bytes.slice()];
  const reads: Uint8Array[] = [];
  for (let from = 0; from < bytes.length; ) {
    const length = typeof split === 'number' ? split : split(bytes.length - from);
    if (!(length >= 1)) throw new RangeError(`a read has 1 byte or more, not ${length}`);
    const to = Math.min(bytes.length, from + Math.floor(length));
    // A copy: what a connection receives belongs to it, and it unmasks in place.
    reads.push(bytes.slice(from, to));
    from = to;
  }
  return reads;
}
