// One direction of a transport in memory: what is written arrives later, by a virtual clock, with the faults that were asked for.

import { joinBytes } from '../bytes/copy.js';
import { cutReads, type Faults } from './faults.js';
import type { VirtualClock } from './virtual-clock.js';

/** Where the bytes of a wire arrive. */
export interface WireEnd {
  /** @param bytes owned by the receiver */
  read(bytes: Uint8Array): void;
  /** Nothing more arrives. */
  end(): void;
}

/** Bytes on their way, or the end. */
interface Carried {
  readonly due: number;
  readonly bytes: Uint8Array | undefined;
}

export class MemoryWire {
  /** May be changed at any time: what is written later has them, and the delay alone is decided when bytes are written. */
  faults: Faults;
  readonly #clock: VirtualClock;
  readonly #end: WireEnd;
  readonly #carried: Carried[] = [];
  #lastDue = 0;
  #arrivedLength = 0;
  #isEnding = false;
  #hasEnded = false;

  constructor(clock: VirtualClock, end: WireEnd, faults: Faults) {
    this.#clock = clock;
    this.#end = end;
    this.faults = faults;
  }

  /** Bytes that are on their way. */
  get length(): number {
    return this.#carried.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0);
  }

  /** The end has arrived. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Sends bytes, which are copied. */
  write(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#carry(bytes.slice());
  }

  /** Ends this direction behind what was written. */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#carry(undefined);
  }

  /** Ends this direction at once. Bytes on their way are lost. */
  cut(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#carried.length = 0;
    this.#end.end();
  }

  #carry(bytes: Uint8Array | undefined): void {
    if (this.#hasEnded) return;
    const { delay = 0 } = this.faults;
    const due = Math.max(this.#lastDue, this.#clock.now + (typeof delay === 'number' ? delay : delay()));
    this.#lastDue = due;
    this.#carried.push({ due, bytes });
    this.#clock.setTimeout(() => this.#arrive(), due - this.#clock.now);
  }

  /** Hands over what is due. An earlier timer of the same time may have done it. */
  #arrive(): void {
    const { now } = this.#clock;
    const due: Uint8Array[] = [];
    let isEnd = false;
    while (this.#carried.length > 0 && this.#carried[0]!.due <= now) {
      const { bytes } = this.#carried.shift()!;
      if (bytes === undefined) isEnd = true;
      else due.push(bytes);
    }
    const { coalesce = false, split, reorder } = this.faults;
    const portions = coalesce ? [joinBytes(due)] : due;
    const reads = portions.flatMap((bytes) => cutReads(bytes, split));
    for (const bytes of reorder?.(reads) ?? reads) this.#deliver(bytes);
    if (isEnd) this.cut();
  }

  #deliver(bytes: Uint8Array): void {
    if (this.#hasEnded) return;
    const { cutAfter = Number.POSITIVE_INFINITY } = this.faults;
    const left = cutAfter - this.#arrivedLength;
    const arriving = bytes.length > left ? bytes.slice(0, left) : bytes;
    this.#arrivedLength += arriving.length;
    if (arriving.length > 0) this.#end.read(arriving);
    if (this.#arrivedLength >= cutAfter) this.cut();
  }
}
