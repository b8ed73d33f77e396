// A long message that is deflated slice by slice, so that other connections have their turn, and the messages sent after it, which must
// not overtake it. The caller decides when the next slice is made.

import { OPCODE_CONTINUATION } from '../../../assembly/shared/protocol.js';
import { getHost } from '../../bytes/host.js';
import type { OwnedPayload } from '../../bytes/owned.js';
import type { FrameWriter } from '../../frames/frame-writer.js';
import type { MessageCompression } from '../compression.js';
import { LONG_LENGTH } from '../turn.js';

/** Writes a payload that was queued. */
export type WritePayload = (payload: string | Uint8Array) => void;

/** Called with the length of a message before and after deflating, when its last slice has been written. */
type MessageEnd = (length: number, wireLength: number) => void;

/** Beyond it a code point is a pair of UTF-16 units. */
const MAX_UNIT = 0xffff;

interface Waiting {
  readonly payload: OwnedPayload;
  readonly write: WritePayload;
}

/**
 * The memory of the message that left last. A server that answers many requests with long messages copies each into the same
 * memory, which takes a twentieth of the time; a garbage collection frees it.
 */
let spareMemory: WeakRef<ArrayBuffer> | undefined;

/** A copy of long bytes, which the caller may change. Strings never change: they need none. */
function copyLong(payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const host = getHost();
  const { length } = payload;
  const memory = spareMemory?.deref();
  // Only one message at a time may have it.
  spareMemory = undefined;
  const fits = memory !== undefined && memory.byteLength >= length && memory.byteLength <= 2 * length;
  const bytes = fits ? new Uint8Array(memory, 0, length) : host.allocate(length);
  host.copyInto(payload, 0, length, bytes, 0);
  return bytes;
}

/** The text from `start` on that is at most `length` bytes long as UTF-8. @param isAscii whether a unit is a byte */
function cutText(text: string, start: number, length: number, isAscii: boolean): string {
  let units = length;
  for (;;) {
    const cut = sliceOfPairs(text, start, start + units);
    const bytes = isAscii ? cut.length : getHost().utf8Length(cut);
    if (bytes <= length) return cut;
    // A unit is at most three bytes: no less than a third of `length` is left.
    units = Math.floor((units * length) / bytes);
  }
}

/** The same as `slice`, but for the first half of a surrogate pair at the end. */
function sliceOfPairs(text: string, start: number, end: number): string {
  const isCut = (text.codePointAt(end - 1) ?? 0) > MAX_UNIT;
  return text.slice(start, isCut ? end - 1 : end);
}

export class SliceQueue {
  readonly #compression: MessageCompression;
  readonly #writer: FrameWriter;
  readonly #waiting: Waiting[] = [];
  #message: string | Uint8Array<ArrayBuffer> | undefined;
  /** Its length in bytes. */
  #length = 0;
  #opcode = 0;
  /** How much of the message has been deflated, in bytes or units of a string. */
  #done = 0;
  /** How long that is deflated. */
  #wireLength = 0;
  #onEnd: MessageEnd | undefined;
  /** What has not been deflated or written yet: bytes, and for the strings in `#waiting` UTF-16 units. */
  pendingLength = 0;

  constructor(compression: MessageCompression, writer: FrameWriter) {
    this.#compression = compression;
    this.#writer = writer;
  }

  /** A message is under way, or some wait behind one: what is sent now has to wait too. */
  get isBusy(): boolean {
    return this.#message !== undefined || this.#waiting.length > 0;
  }

  /** Begins a message; its first slice is written at once. @param payload longer than a slice; bytes are copied */
  begin(opcode: number, payload: string | Uint8Array, onEnd: MessageEnd | undefined): void {
    const isText = typeof payload === 'string';
    this.#message = isText ? payload : copyLong(payload);
    this.#length = isText ? getHost().utf8Length(payload) : payload.length;
    this.#opcode = opcode;
    this.#done = this.#wireLength = 0;
    this.#onEnd = onEnd;
    this.pendingLength += this.#length;
    this.next();
  }

  /** Queues a payload behind what is under way. @param write called with it; it reads no other memory of the caller's */
  add(payload: OwnedPayload, write: WritePayload): void {
    this.#waiting.push({ payload, write });
    this.pendingLength += payload.length;
  }

  /** Writes the next slice, as a fragment; behind the last one, what waits for it, as much as a slice at once. */
  next(): void {
    const message = this.#message;
    if (message === undefined) {
      this.#writeWaiting();
      return;
    }
    const start = this.#done;
    const payload = this.#cut(message, start);
    const end = start + payload.length;
    const isLast = end === message.length;
    const part = this.#compression.deflateFragment(payload, isLast);
    const opcode = start === 0 ? this.#opcode : OPCODE_CONTINUATION;
    this.#writer.write(opcode, part, { fin: isLast, rsv1: start === 0 });
    this.#wireLength += part.length;
    this.#done = end;
    this.pendingLength -= this.#lengthOf(payload);
    if (!isLast) return;
    this.#message = undefined;
    this.#onEnd?.(this.#length, this.#wireLength);
    if (typeof message !== 'string' && this.#length >= LONG_LENGTH) spareMemory = new WeakRef(message.buffer);
    this.#writeWaiting();
  }

  #cut(message: string | Uint8Array, start: number): string | Uint8Array {
    const { sliceLength } = this.#compression;
    if (typeof message !== 'string') return message.subarray(start, start + sliceLength);
    return cutText(message, start, sliceLength, message.length === this.#length);
  }

  /** In bytes, of a part of the message. */
  #lengthOf(part: string | Uint8Array): number {
    const isBytes = typeof part !== 'string' || this.#message?.length === this.#length;
    return isBytes ? part.length : getHost().utf8Length(part);
  }

  #writeWaiting(): void {
    for (let left = this.#compression.sliceLength; left > 0 && this.#message === undefined; ) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) return;
      const { length } = waiting.payload;
      left -= length + 1;
      this.pendingLength -= length;
      waiting.write(waiting.payload);
    }
  }

  /** Gives up what has not been written. */
  clear(): void {
    this.#message = undefined;
    this.#waiting.length = 0;
    this.pendingLength = 0;
  }
}
