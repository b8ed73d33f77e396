// Records of the ring as entries of the inspector: what passed on each connection, dissected.

import type { Sender } from '../../../capture/tcp-connections.js';
import { Conversation } from '../../inspect/conversation/conversation.js';
import type { Entry } from '../../inspect/entries.js';
import { RECORD_DATA, type Remark } from './messages.js';
import type { RingRecord } from './ring.js';

export class Reader {
  readonly #maxPayload: number;
  readonly #emit: (entry: Entry) => void;
  readonly #conversations = new Map<number, Conversation>();

  /** @param maxPayload bytes of each payload to tell */
  constructor(maxPayload: number, emit: (entry: Entry) => void) {
    this.#maxPayload = maxPayload;
    this.#emit = emit;
  }

  take({ kind, connection, direction, time, bytes }: RingRecord): void {
    const at = BigInt(time) * 1000n;
    if (kind === RECORD_DATA) {
      const from: Sender = direction === 0 ? 'client' : 'server';
      this.#conversations.get(connection)?.data(from, bytes, at);
      return;
    }
    this.#remark(connection, at, JSON.parse(Buffer.from(bytes.buffer).toString()) as Remark);
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
