// Counts of durations in buckets that grow with the duration, as in HdrHistogram: any number of them in 26 KiB, each to
// within 0.8 %. It knows numbers only.

/** A bucket covers this part of its power of two. */
const SUB_BUCKETS = 128;
const SUB_BITS = 7;
/** The smallest difference: 100 ns. */
const UNITS_PER_MILLISECOND = 10_000;
/** Some 7 minutes; what is longer counts as that long. */
const MAX_UNITS = 2 ** 32 - 1;

export class Histogram {
  /** Up to 2 * SUB_BUCKETS a bucket a unit; from there on SUB_BUCKETS for each power of two. */
  readonly #counts = new Float64Array((33 - SUB_BITS) * SUB_BUCKETS);
  #count = 0;
  #sum = 0;
  #max = 0;

  /** In milliseconds; 0 of none. */
  get max(): number {
    return this.#max;
  }

  /** In milliseconds; 0 of none. */
  get mean(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  /** @param milliseconds not negative */
  add(milliseconds: number): void {
    const units = Math.min(Math.max(milliseconds * UNITS_PER_MILLISECOND, 0), MAX_UNITS) >>> 0;
    const shift = Math.max(31 - Math.clz32(units) - SUB_BITS, 0);
    this.#counts[shift * SUB_BUCKETS + (units >>> shift)]!++;
    this.#count++;
    this.#sum += milliseconds;
    if (milliseconds > this.#max) this.#max = milliseconds;
  }

  /** The duration that this part of all is no longer than, in milliseconds; 0 of none. @param fraction 0 to 1 */
  percentile(fraction: number): number {
    const wanted = Math.max(1, Math.ceil(fraction * this.#count));
    let seen = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen < wanted) continue;
      return Math.min(endOf(bucket) / UNITS_PER_MILLISECOND, this.#max);
    }
    return 0;
  }

  /** How many durations lie in each power of two of 100 ns, from the first that has any to the last; bounds in milliseconds. */
  doublings(): { upTo: number; messages: number }[] {
    const found: { upTo: number; messages: number }[] = [];
    let end = 1;
    let messages = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      if (this.#counts[bucket]! > 0) messages += this.#counts[bucket]!;
      if (endOf(bucket) !== end) continue;
      if (messages > 0 || found.length > 0) found.push({ upTo: end / UNITS_PER_MILLISECOND, messages });
      messages = 0;
      end *= 2;
    }
    while (found.at(-1)?.messages === 0) found.pop();
    return found;
  }
}

/** The first duration behind a bucket, in units. */
function endOf(bucket: number): number {
  const shift = Math.max(Math.floor(bucket / SUB_BUCKETS) - 1, 0);
  return (bucket - shift * SUB_BUCKETS + 1) * 2 ** shift;
}
