// Which connection's context lies where in the pool. It deals in addresses and lengths, and touches no memory: what nobody
// has written to costs no more than its address.

/**
 * The pool is cut into spans, and a span into slots of one length, so that slots of many lengths leave no gaps between
 * them. It holds eight inflate contexts of the largest window, and of every length so many that at most a tenth is wasted.
 */
export const SPAN_LENGTH = 8 * (0x8000 + 48);

interface Span {
  readonly ptr: number;
  /** Of its slots. */
  slotLength: number;
  /** Slots that were given back, the last one on top: it is the likeliest to be in a cache. */
  free: number[];
  /** Where the slots begin that were never taken since the span got this length. */
  fresh: number;
  taken: number;
  /** Where it stands among those of its length that have room; -1: it has none. */
  index: number;
}

/** Hands out slots. Every operation takes the same time, however many there are. */
export class ContextPool {
  readonly #startPtr: number;
  readonly #spanCount: number;
  readonly #spans: Span[] = [];
  /** Spans without a taken slot, which any length may have. */
  readonly #empty: Span[] = [];
  /** By slot length: spans that have room. */
  readonly #withRoom = new Map<number, Span[]>();
  /** How many bytes are taken. */
  usedLength = 0;
  /** How many slots are taken. */
  slotCount = 0;

  /**
   * @param startPtr where the pool begins, a multiple of 16
   * @param length in bytes
   */
  constructor(startPtr: number, length: number) {
    this.#startPtr = startPtr;
    this.#spanCount = Math.floor(length / SPAN_LENGTH);
  }

  /** Whether a slot of this length can be had. */
  has(length: number): boolean {
    return (
      (this.#withRoom.get(length)?.length ?? 0) > 0 || this.#empty.length > 0 || this.#spans.length < this.#spanCount
    );
  }

  /**
   * Takes a slot.
   *
   * @param length a multiple of 16, at most SPAN_LENGTH; use as few different ones as may be
   * @returns its address; 0 if the pool is spent
   */
  take(length: number): number {
    const spans = this.#spansWithRoom(length);
    const span = spans.at(-1) ?? this.#openSpan(length, spans);
    if (span === undefined) return 0;
    let ptr = span.free.pop();
    if (ptr === undefined) {
      ptr = span.fresh;
      span.fresh += length;
    }
    span.taken++;
    if (!hasRoom(span)) {
      spans.pop();
      span.index = -1;
    }
    this.usedLength += length;
    this.slotCount++;
    return ptr;
  }

  /** Gives a slot back. @param ptr what `take` returned */
  give(ptr: number): void {
    const span = this.#spans[Math.floor((ptr - this.#startPtr) / SPAN_LENGTH)]!;
    const spans = this.#spansWithRoom(span.slotLength);
    span.free.push(ptr);
    span.taken--;
    this.usedLength -= span.slotLength;
    this.slotCount--;
    if (span.index === -1) {
      span.index = spans.length;
      spans.push(span);
    }
    if (span.taken === 0) {
      // The last of its kind takes its place.
      const last = spans.pop()!;
      if (last !== span) {
        last.index = span.index;
        spans[span.index] = last;
      }
      this.#empty.push(span);
    }
  }

  #spansWithRoom(length: number): Span[] {
    let spans = this.#withRoom.get(length);
    if (spans === undefined) {
      spans = [];
      this.#withRoom.set(length, spans);
    }
    return spans;
  }

  /** A span for slots of this length: one that was used before, else a new one. Undefined if there is none. */
  #openSpan(length: number, spans: Span[]): Span | undefined {
    let span = this.#empty.pop();
    if (span === undefined) {
      if (this.#spans.length === this.#spanCount) return undefined;
      const ptr = this.#startPtr + this.#spans.length * SPAN_LENGTH;
      span = { ptr, slotLength: 0, free: [], fresh: ptr, taken: 0, index: -1 };
      this.#spans.push(span);
    }
    span.slotLength = length;
    span.free = [];
    span.fresh = span.ptr;
    span.index = spans.length;
    spans.push(span);
    return span;
  }
}

function hasRoom({ free, fresh, ptr, slotLength }: Span): boolean {
  return free.length > 0 || fresh + slotLength <= ptr + SPAN_LENGTH;
}
