// Records of the ring as entries of the inspector: what passed on each connection, dissected.

import type { Sender } from '../../../capture/tcp-connections.js';
import { Conversation } from '../../inspect/conversation/conversation.js';
import type { Entry } from '../../inspect/entries.js';
import { RECORD_DATA, type Remark } from './messages.js';
import type { RingReader, RingRecord } from './ring.js';

/** Bytes that are dissected between two looks at the clock: a few short frames. */
const SLICE_LENGTH = 512;

export class Reader {
  readonly #maxPayload: number;
  readonly #emit: (entry: Entry) => void;
  readonly #conversations = new Map<number, Conversation>();
  /** The record under way, and how many of its bytes have been read. */
  #record: RingRecord | undefined;
  #done = 0;

  /** @param maxPayload bytes of each payload to tell */
  constructor(maxPayload: number, emit: (entry: Entry) => void) {
    this.#maxPayload = maxPayload;
    this.#emit = emit;
  }

  /** Reads until the ring is empty or the time is over. @param deadline by `performance.now()` @returns whether the ring is empty */
  read(ring: RingReader, deadline: number): boolean {
    for (;;) {
      this.#record ??= ring.read();
      if (this.#record === undefined) return true;
      this.#take(this.#record);
      if (performance.now() >= deadline) return this.#record === undefined && ring.usedLength === 0;
    }
  }

  #take({ kind, connection, direction, time, bytes }: RingRecord): void {
    const at = BigInt(time) * 1000n;
    if (kind === RECORD_DATA) {
      const from: Sender = direction === 0 ? 'client' : 'server';
      const slice = bytes.subarray(this.#done, this.#done + SLICE_LENGTH);
      this.#done += slice.length;
      this.#conversations.get(connection)?.data(from, slice, at);
      if (this.#done < bytes.length) return;
    } else {
      this.#remark(connection, at, JSON.parse(Buffer.from(bytes.buffer).toString()) as Remark);
    }
    this.#record = undefined;
    this.#done = 0;
  }

  #remark(connection: number, time: bigint, remark: Remark): void {
    switch (remark.type) {
      case 'open': {
        this.#emit({ type: 'connection', info: remark.info, time });
        const conversation = new Conversation({
          ...{ connection, isWhole: true, isAligned: true, extensions: undefined },
          ...{ maxPayload: this.#maxPayload, emit: this.#emit },
        });
        this.#conversations.set(connection, conversation);
        break;
      }
      case 'note':
        this.#emit({ type: 'note', connection, from: remark.from, time, text: remark.text });
        break;
      case 'gap':
        this.#conversations.get(connection)?.gap(remark.from, remark.length);
        break;
      case 'end':
        this.#conversations.get(connection)?.end(remark.isReset);
        this.#conversations.delete(connection);
        break;
    }
  }
}
