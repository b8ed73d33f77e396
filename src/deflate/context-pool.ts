// Assigns connections' contexts to places in the pool. It handles addresses and lengths and touches no memory, so that pages which were
// never written to cost only address space.

/**
 * The length of a span. The pool is divided into spans and each span into slots of one length, so that slots of different lengths leave
 * no gaps. A span holds eight inflate contexts of the largest window. For every slot length at most a ninth of a span is wasted.
 */
export const SPAN_LENGTH = 8 * (0x8000 + 48);

interface Span {
  readonly ptr: number;
  /** Length of its slots. */
  slotLength: number;
  /** Slots that were returned, the last one on top: it is the most likely to be in a cache. */
  free: number[];
  /** Where the slots begin that have not been taken since the span got this slot length. */
  fresh: number;
  taken: number;
  /** Its index among the spans of its slot length that have room; -1 if it is full. */
  index: number;
}

/** Hands out slots. Every operation takes constant time. */
export class ContextPool {
  readonly #startPtr: number;
  readonly #spanCount: number;
  readonly #spans: Span[] = [];
  /** Spans without a taken slot, free for any slot length. */
  readonly #empty: Span[] = [];
  /** Spans that have room, by slot length. */
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

  /** Whether a slot of this length is available. */
  has(length: number): boolean {
    return (
      (this.#withRoom.get(length)?.length ?? 0) > 0 || this.#empty.length > 0 || this.#spans.length < this.#spanCount
    );
  }

  /**
   * Takes a slot.
   *
   * @param length a multiple of 16, at most SPAN_LENGTH; the fewer different lengths, the better
   * @returns its address; 0 if the pool is full
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

  /** Returns a slot. @param ptr what `take` returned */
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
      // The last span in the list takes its place.
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

  /** A span for slots of this length: an unused one, else a new one. Undefined if the pool is full. */
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
