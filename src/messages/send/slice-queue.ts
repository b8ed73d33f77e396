// A long message on its way out, deflated slice by slice so that nobody waits for all of it, and what was sent behind it,
// which must not overtake it. When the next slice is due is for the caller to say. It knows no socket and no timer.

import { OPCODE_CONTINUATION } from '../../../assembly/shared/protocol.js';
import type { OwnedBytes, OwnedPayload } from '../../bytes/owned.js';
import type { FrameWriter } from '../../frames/frame-writer.js';
import type { MessageCompression } from '../compression.js';

/** Writes a payload that was queued. */
export type WritePayload = (payload: string | Uint8Array) => void;

interface Waiting {
  readonly payload: OwnedPayload;
  readonly write: WritePayload;
}

export class SliceQueue {
  readonly #compression: MessageCompression;
  readonly #writer: FrameWriter;
  readonly #waiting: Waiting[] = [];
  #message: OwnedBytes | undefined;
  #opcode = 0;
  /** How much of the message has been deflated. */
  #done = 0;
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

  /** Begins a message; its first slice is written at once. @param message longer than a slice */
  begin(opcode: number, message: OwnedBytes): void {
    this.#message = message;
    this.#opcode = opcode;
    this.#done = 0;
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
    const part = this.#compression.deflatePart(message.subarray(start, end), isLast);
    const opcode = start === 0 ? this.#opcode : OPCODE_CONTINUATION;
    this.#writer.write(opcode, part, { fin: isLast, rsv1: start === 0 });
    this.#done = end;
    this.pendingLength -= end - start;
    if (!isLast) return;
    this.#message = undefined;
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
