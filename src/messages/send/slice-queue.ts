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

interface Waiting {
  readonly payload: OwnedPayload;
  readonly write: WritePayload;
}

/**
 * The memory of the message that left last. A server that answers many requests with long messages copies each into the same
 * memory, which takes a twentieth of the time; a garbage collection frees it.
 */
let spareMemory: WeakRef<ArrayBuffer> | undefined;

/** The bytes of a long payload, as the caller cannot change them. */
function copyLong(payload: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const host = getHost();
  const length = typeof payload === 'string' ? host.utf8Length(payload) : payload.length;
  const memory = spareMemory?.deref();
  // Only one message at a time may have it.
  spareMemory = undefined;
  const fits = memory !== undefined && memory.byteLength >= length && memory.byteLength <= 2 * length;
  const bytes = fits ? new Uint8Array(memory, 0, length) : host.allocate(length);
  if (typeof payload === 'string') host.writeUtf8(payload, bytes, 0);
  else host.copyInto(payload, 0, length, bytes, 0);
  return bytes;
}

export class SliceQueue {
  readonly #compression: MessageCompression;
  readonly #writer: FrameWriter;
  readonly #waiting: Waiting[] = [];
  #message: Uint8Array<ArrayBuffer> | undefined;
  #opcode = 0;
  /** How much of the message has been deflated. */
  #done = 0;
  /** How long that is deflated. */
  #wireLength = 0;
  #onEnd: MessageEnd | undefined;
  /** How much has not been deflated or written yet, in bytes or units of strings. */
  pendingLength = 0;

  constructor(compression: MessageCompression, writer: FrameWriter) {
    this.#compression = compression;
    this.#writer = writer;
  }

  /** A message is under way, or some wait behind one: what is sent now has to wait too. */
  get isBusy(): boolean {
    return this.#message !== undefined || this.#waiting.length > 0;
  }

  /** Begins a message; its first slice is written at once. @param payload longer than a slice; copied */
  begin(opcode: number, payload: string | Uint8Array, onEnd: MessageEnd | undefined): void {
    const message = copyLong(payload);
    this.#message = message;
    this.#opcode = opcode;
    this.#done = this.#wireLength = 0;
    this.#onEnd = onEnd;
    this.pendingLength += message.length;
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
    const end = Math.min(start + this.#compression.sliceLength, message.length);
    const isLast = end === message.length;
    const part = this.#compression.deflateFragment(message.subarray(start, end), isLast);
    const opcode = start === 0 ? this.#opcode : OPCODE_CONTINUATION;
    this.#writer.write(opcode, part, { fin: isLast, rsv1: start === 0 });
    this.#wireLength += part.length;
    this.#done = end;
    this.pendingLength -= end - start;
    if (!isLast) return;
    this.#message = undefined;
    this.#onEnd?.(message.length, this.#wireLength);
    if (message.length >= LONG_LENGTH) spareMemory = new WeakRef(message.buffer);
    this.#writeWaiting();
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
