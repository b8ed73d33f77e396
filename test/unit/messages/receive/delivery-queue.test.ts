// src/messages/receive/delivery-queue.ts and handler.ts: order, throwing, nesting, without any frames.

import { describe, expect, it } from 'vitest';
import { collectInto, type MessageEvent, type MessageHandler } from '../../../../src/messages/handler.js';
import { DeliveryQueue } from '../../../../src/messages/receive/delivery-queue.js';
import { ProtocolError } from '../../../../src/protocol/errors.js';

describe('DeliveryQueue', () => {
  it('delivers each kind, in order, once', () => {
    const queue = new DeliveryQueue();
    const data = Uint8Array.of(1);
    const error = new ProtocolError('WSIMD_MASKED');
    const piece = { opcode: 'text', data, isFirst: true, isLast: false } as const;
    queue.addClose(1000, 'bye');
    queue.addText('a');
    queue.addTextBytes(data);
    queue.addBinary(data);
    queue.addPiece(piece);
    queue.addPing(data);
    queue.addPong(data);
    queue.addError(error);
    const events: MessageEvent[] = [];
    queue.deliver(collectInto(events));
    expect(events).toEqual([
      { type: 'close', closeCode: 1000, reason: 'bye' },
      { type: 'text', text: 'a' },
      { type: 'textBytes', bytes: data },
      { type: 'binary', data },
      { type: 'piece', ...piece },
      { type: 'ping', payload: data },
      { type: 'pong', payload: data },
      { type: 'error', error },
    ]);
    queue.deliver(collectInto(events));
    expect(events).toHaveLength(8);
  });

  it('goes on behind the delivery that threw', () => {
    const queue = new DeliveryQueue();
    const seen: string[] = [];
    const handler = {
      ...collectInto([]),
      onText: (text: string) => {
        seen.push(text);
        if (text === 'throw') throw new Error(text);
      },
    };
    for (const text of ['a', 'throw', 'b', 'throw']) queue.addText(text);
    expect(() => queue.deliver(handler)).toThrow('throw');
    queue.addText('c');
    expect(() => queue.deliver(handler)).toThrow('throw');
    queue.deliver(handler);
    expect(seen).toEqual(['a', 'throw', 'b', 'throw', 'c']);
    queue.addText('d');
    queue.deliver(handler);
    expect(seen.at(-1)).toBe('d');
  });

  it('delivers what is added while it delivers', () => {
    const queue = new DeliveryQueue();
    const seen: string[] = [];
    const handler: MessageHandler = {
      ...collectInto([]),
      onText: (text) => {
        seen.push(text);
        if (text !== 'a') return;
        queue.addText('c');
        seen.push('a is done');
      },
    };
    queue.addText('a');
    queue.addText('b');
    queue.deliver(handler);
    expect(seen).toEqual(['a', 'a is done', 'b', 'c']);
  });
});
