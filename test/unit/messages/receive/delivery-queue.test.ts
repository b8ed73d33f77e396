// src/messages/receive/delivery-queue.ts and handler.ts: order, throwing, nesting, without any frames.

import { describe, expect, it } from 'vitest';
import {
  BINARY,
  CLOSE,
  collectInto,
  ERROR,
  type MessageEvent,
  type MessageHandler,
  PIECE,
  PING,
  PONG,
  QUEUED_OVERHEAD,
  TEXT,
  TEXT_BYTES,
} from '../../../../src/messages/handler.js';
import { DeliveryQueue } from '../../../../src/messages/receive/delivery-queue.js';
import { HandlerSink } from '../../../../src/messages/receive/handler-sink.js';
import { ProtocolError } from '../../../../src/protocol/errors.js';

function deliver(queue: DeliveryQueue, handler: MessageHandler): void {
  const sink = new HandlerSink();
  sink.handler = handler;
  queue.deliver(sink, false);
}

describe('DeliveryQueue', () => {
  it('delivers each kind, in order, once', () => {
    const queue = new DeliveryQueue();
    const data = Uint8Array.of(1);
    const error = new ProtocolError('WSIMD_MASKED');
    const piece = { opcode: 'text', data, isFirst: true, isLast: false } as const;
    queue.add(CLOSE, { closeCode: 1000, reason: 'bye' });
    queue.add(TEXT, 'a');
    queue.add(TEXT_BYTES, data);
    queue.add(BINARY, data);
    queue.add(PIECE, piece);
    queue.add(PING, data);
    queue.add(PONG, data);
    queue.add(ERROR, error);
    const events: MessageEvent[] = [];
    deliver(queue, collectInto(events));
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
    deliver(queue, collectInto(events));
    expect(events).toHaveLength(8);
  });

  it('says how many deliveries are left, and how much memory they take', () => {
    const queue = new DeliveryQueue();
    for (const text of ['throw', 'ab', '']) queue.add(TEXT, text);
    queue.add(PONG, new Uint8Array(125));
    expect([queue.length, queue.heldLength]).toEqual([4, 4 * QUEUED_OVERHEAD + 132]);
    const onText = (text: string) => {
      if (text === 'throw') throw new Error(text);
    };
    expect(() => deliver(queue, { ...collectInto([]), onText })).toThrow('throw');
    expect([queue.length, queue.heldLength]).toEqual([3, 3 * QUEUED_OVERHEAD + 127]);
    deliver(queue, collectInto([]));
    expect([queue.length, queue.heldLength]).toEqual([0, 0]);
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
    for (const text of ['a', 'throw', 'b', 'throw']) queue.add(TEXT, text);
    expect(() => deliver(queue, handler)).toThrow('throw');
    queue.add(TEXT, 'c');
    expect(() => deliver(queue, handler)).toThrow('throw');
    deliver(queue, handler);
    expect(seen).toEqual(['a', 'throw', 'b', 'throw', 'c']);
    queue.add(TEXT, 'd');
    deliver(queue, handler);
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
        queue.add(TEXT, 'c');
        seen.push('a is done');
      },
    };
    queue.add(TEXT, 'a');
    queue.add(TEXT, 'b');
    deliver(queue, handler);
    expect(seen).toEqual(['a', 'a is done', 'b', 'c']);
  });
});
