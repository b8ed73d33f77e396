// A queue of records in shared memory, from one thread that writes to one that reads. The writer never waits: a record for which
// there is no room is refused.

/**
 * Int32 fields before the records: where the next record goes, where the next one is read, whether the reader sleeps, and how many
 * records there have been, refused ones among them.
 */
const [HEAD, TAIL, ASLEEP, COUNT] = [0, 1, 2, 3] as const;
const CONTROL_LENGTH = 64;
/** Of a record: kind, length, connection, direction, as 32-bit numbers, then a number of 64 bits. */
const HEADER_LENGTH = 24;
/** Records begin at multiples of this. */
const ALIGNMENT = 8;
/** Marks the rest of the memory as unused: the next record stands at its beginning. */
const WRAP = 0;
/** An empty ring begins again at its beginning after so many bytes: memory used again and again stays in the cache. */
const REWIND_LENGTH = 64 * 1024;
/** The system gives memory in pages of this length, or of a multiple of it. */
const PAGE_LENGTH = 4096;

/** One record. Kinds begin at 1. */
export interface RingRecord {
  readonly kind: number;
  readonly connection: number;
  readonly direction: number;
  readonly time: number;
  readonly bytes: Uint8Array;
}

/** @param length bytes for records, a multiple of 8 */
export function createRingMemory(length: number): SharedArrayBuffer {
  return new SharedArrayBuffer(CONTROL_LENGTH + length);
}

class Ring {
  protected readonly control: Int32Array;
  protected readonly view: DataView;
  protected readonly bytes: Uint8Array;
  protected readonly capacity: number;

  constructor(memory: SharedArrayBuffer) {
    this.capacity = memory.byteLength - CONTROL_LENGTH;
    this.control = new Int32Array(memory, 0, CONTROL_LENGTH / 4);
    this.view = new DataView(memory, CONTROL_LENGTH);
    this.bytes = new Uint8Array(memory, CONTROL_LENGTH);
  }

  /** Bytes that records take which have not been read. */
  get usedLength(): number {
    const used = Atomics.load(this.control, HEAD) - Atomics.load(this.control, TAIL);
    return used < 0 ? used + this.capacity : used;
  }
}

export class RingWriter extends Ring {
  /** @returns false if there is no room for it */
  write(kind: number, connection: number, direction: number, time: number, bytes: Uint8Array): boolean {
    const { view, control, capacity } = this;
    Atomics.add(control, COUNT, 1);
    const size = HEADER_LENGTH + Math.ceil(bytes.length / ALIGNMENT) * ALIGNMENT;
    const head = control[HEAD]!;
    const toEnd = capacity - head;
    const { usedLength } = this;
    const rewinds = usedLength === 0 && head > REWIND_LENGTH && head > size;
    const skipped = rewinds || size > toEnd ? toEnd : 0;
    // A full ring and an empty one would look the same, so it is never filled.
    if (usedLength + skipped + size + ALIGNMENT > capacity) return false;
    if (skipped > 0) view.setUint32(head, WRAP, true);
    const at = skipped > 0 ? 0 : head;
    view.setUint32(at, kind, true);
    view.setUint32(at + 4, bytes.length, true);
    view.setUint32(at + 8, connection, true);
    view.setUint32(at + 12, direction, true);
    view.setFloat64(at + 16, time, true);
    this.bytes.set(bytes, at + HEADER_LENGTH);
    Atomics.store(control, HEAD, (at + size) % capacity);
    return true;
  }

  /** Counts a record that was not written: the reader sees that there is traffic. */
  countRefused(): void {
    Atomics.add(this.control, COUNT, 1);
  }

  /** Whether the reader sleeps and has to be woken. True once for each time that it fell asleep. */
  takeSleep(): boolean {
    return Atomics.load(this.control, ASLEEP) === 1 && Atomics.exchange(this.control, ASLEEP, 0) === 1;
  }
}

export class RingReader extends Ring {
  /** @returns the next record, with a copy of its bytes; undefined if there is none */
  read(): RingRecord | undefined {
    const { control, view } = this;
    const head = Atomics.load(control, HEAD);
    let at = control[TAIL]!;
    if (at === head) return undefined;
    const kind = view.getUint32(at, true);
    if (kind === WRAP) {
      at = 0;
      Atomics.store(control, TAIL, at);
      return this.read();
    }
    const length = view.getUint32(at + 4, true);
    const record = {
      kind,
      connection: view.getUint32(at + 8, true),
      direction: view.getUint32(at + 12, true),
      time: view.getFloat64(at + 16, true),
      bytes: this.bytes.slice(at + HEADER_LENGTH, at + HEADER_LENGTH + length),
    };
    const size = HEADER_LENGTH + Math.ceil(length / ALIGNMENT) * ALIGNMENT;
    Atomics.store(control, TAIL, (at + size) % this.capacity);
    return record;
  }

  /**
   * Has the system provide the memory of some of the ring, so that the writer doesn't have to wait for that.
   *
   * @returns where to go on; undefined at the end
   */
  provide(from: number, length: number): number | undefined {
    const end = Math.min(from + length, this.capacity);
    // Adding nothing writes to the page without changing what the writer may be writing to it.
    for (let at = from; at < end; at += PAGE_LENGTH) Atomics.add(this.bytes, at, 0);
    return end < this.capacity ? end : undefined;
  }

  /** How many records the writer has written or tried to write, in 32 bits. */
  get count(): number {
    return Atomics.load(this.control, COUNT);
  }

  /** Says that the reader sleeps until the writer wakes it. @returns false if a record has come meanwhile */
  sleep(): boolean {
    Atomics.store(this.control, ASLEEP, 1);
    if (this.usedLength === 0) return true;
    // Where the writer has seen the mark, it wakes the reader: once too often does no harm.
    Atomics.store(this.control, ASLEEP, 0);
    return false;
  }
}
