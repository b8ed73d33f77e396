// One direction of a TCP connection: segments in any order, some of them twice, overlapping or missing → its bytes in order,
// each once. It knows sequence numbers, and nothing of packets or of what the bytes mean.

/** Takes what comes out, in order. */
export interface StreamSink {
  data(bytes: Uint8Array, time: bigint): void;
  /** Bytes that the capture does not have. */
  gap(length: number): void;
}

/** What was not in order, in numbers of segments. */
export interface StreamCounts {
  /** All of whose bytes had come before. */
  retransmitted: number;
  outOfOrder: number;
  /** Where no byte of this connection can be. */
  outOfWindow: number;
}

interface Waiting {
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly time: bigint;
}

/** A window is at most this long (RFC 7323 section 2.3). */
const MAX_WINDOW = 2 ** 30;
/** What may wait for a segment that is missing: more than peers keep. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
const MAX_WAITING_SEGMENTS = 65_536;
/**
 * The receiver acknowledges what it has. So a hole that it acknowledged is one of the capture, unless the packets came into the
 * capture in another order than they went; so many segments of the other direction are waited for.
 */
const MAX_LATE_SEGMENTS = 32;

export class TcpStream {
  readonly #sink: StreamSink;
  readonly #counts: StreamCounts;
  readonly #start: number;
  #nextSequenceNumber: number;
  /** Bytes handed out, or told to be missing. */
  #position = 0;
  /** In order of their offsets. */
  #waiting: Waiting[] = [];
  #waitingLength = 0;
  #acknowledgedHoles = 0;
  #end = Number.POSITIVE_INFINITY;

  /** @param sequenceNumber that of the first byte */
  constructor(sequenceNumber: number, sink: StreamSink, counts: StreamCounts) {
    this.#start = this.#nextSequenceNumber = sequenceNumber;
    this.#sink = sink;
    this.#counts = counts;
  }

  /** All bytes up to the FIN have been handed out. */
  get hasEnded(): boolean {
    return this.#position >= this.#end;
  }

  /** Bytes that wait for a segment that is missing. */
  get waitingLength(): number {
    return this.#waitingLength;
  }

  /** Whether this is the sequence number of its first byte. */
  startsAt(sequenceNumber: number): boolean {
    return this.#start === sequenceNumber;
  }

  push(sequenceNumber: number, bytes: Uint8Array, fin: boolean, time: bigint): void {
    const offset = this.#offsetOf(sequenceNumber);
    if (offset === undefined) {
      this.#counts.outOfWindow++;
      return;
    }
    const end = offset + bytes.length;
    if (fin && end >= this.#position) this.#end = Math.min(this.#end, end);
    if (bytes.length === 0) return;
    if (end <= this.#position) {
      this.#counts.retransmitted++;
    } else if (offset <= this.#position) {
      this.#deliver({ offset, bytes, time });
      this.#deliverWaiting();
    } else {
      this.#counts.outOfOrder++;
      // A copy: a view would keep the whole chunk of the file.
      this.#wait({ offset, bytes: bytes.slice(), time });
    }
  }

  /** The other end has all bytes before this one. */
  acknowledge(sequenceNumber: number): void {
    const offset = this.#offsetOf(sequenceNumber);
    const [first] = this.#waiting;
    if (first === undefined || offset === undefined || offset < first.offset) return;
    if (++this.#acknowledgedHoles > MAX_LATE_SEGMENTS) this.#skipHole();
  }

  /** No more segments will come: what waited for missing ones is handed out behind its gaps. */
  flush(): void {
    while (this.#waiting.length > 0) this.#skipHole();
  }

  /** Undefined where it is out of any window. */
  #offsetOf(sequenceNumber: number): number | undefined {
    // Modulo 2^32, as a signed number.
    const distance = (sequenceNumber - this.#nextSequenceNumber) | 0;
    return Math.abs(distance) > MAX_WINDOW ? undefined : this.#position + distance;
  }

  /** Hands out what of a segment is new; it begins at the position or before it. */
  #deliver({ offset, bytes, time }: Waiting): void {
    const fresh = bytes.subarray(this.#position - offset);
    if (fresh.length === 0) return;
    this.#advance(fresh.length);
    this.#sink.data(fresh, time);
  }

  #deliverWaiting(): void {
    let count = 0;
    for (const segment of this.#waiting) {
      if (segment.offset > this.#position) break;
      count++;
      this.#waitingLength -= segment.bytes.length;
      this.#deliver(segment);
    }
    if (count > 0) this.#waiting.splice(0, count);
  }

  #wait(segment: Waiting): void {
    let low = 0;
    let high = this.#waiting.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#waiting[middle]!.offset <= segment.offset) low = middle + 1;
      else high = middle;
    }
    this.#waiting.splice(low, 0, segment);
    this.#waitingLength += segment.bytes.length;
    if (this.#waitingLength > MAX_WAITING_BYTES || this.#waiting.length > MAX_WAITING_SEGMENTS) this.#skipHole();
  }

  #skipHole(): void {
    const length = this.#waiting[0]!.offset - this.#position;
    this.#advance(length);
    this.#sink.gap(length);
    this.#deliverWaiting();
  }

  #advance(length: number): void {
    this.#position += length;
    this.#nextSequenceNumber = (this.#nextSequenceNumber + length) >>> 0;
    this.#acknowledgedHoles = 0;
  }
}
