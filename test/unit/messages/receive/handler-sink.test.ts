// src/messages/receive/handler-sink.ts and handler.ts: what is delivered reaches the handler of the moment, as it is.

import { expect, it } from 'vitest';
import { collectInto, handlerOf, type MessageEvent, type MessageHandler } from '../../../../src/messages/handler.js';
import { HandlerSink } from '../../../../src/messages/receive/handler-sink.js';
import { ProtocolError } from '../../../../src/protocol/errors.js';

const bytes = Uint8Array.of(1, 2);
const error = new ProtocolError('WSIMD_INVALID_UTF8');

/** Calls every method once. */
function callAll(handler: Required<MessageHandler>): void {
  handler.onText('a');
  handler.onTextBytes(bytes);
  handler.onBinary(bytes);
  handler.onFragments([bytes, bytes]);
  handler.onPiece({ opcode: 'binary', data: bytes, isFirst: true, isLast: false });
  handler.onPing(bytes);
  handler.onPong(bytes);
  handler.onClose(1000, 'done');
  handler.onError(error);
}

it('passes everything on, the same objects in the same order, to the current handler', () => {
  const sink = new HandlerSink();
  const relay = handlerOf(sink);
  const [direct, first, second]: MessageEvent[][] = [[], [], []];
  callAll(collectInto(direct!));
  sink.handler = collectInto(first!);
  callAll(relay);
  sink.handler = collectInto(second!);
  callAll(relay);
  expect(direct).toHaveLength(9);
  expect(first).toEqual(direct);
  expect(second).toEqual(direct);
  for (const event of first!) if (event.type === 'binary') expect(event.data).toBe(bytes);
});

it('drops what the handler has no method for', () => {
  const events: MessageEvent[] = [];
  const { onText, onBinary, onPing, onPong, onClose, onError } = collectInto(events);
  const sink = new HandlerSink();
  const relay = handlerOf(sink);
  sink.handler = { onText, onBinary, onPing, onPong, onClose, onError };
  callAll(relay);
  expect(events.map(({ type }) => type)).toEqual(['text', 'binary', 'ping', 'pong', 'close', 'error']);
});

it('drops everything while there is no handler', () => {
  const sink = new HandlerSink();
  const relay = handlerOf(sink);
  callAll(relay);
  const events: MessageEvent[] = [];
  sink.handler = collectInto(events);
  relay.onText('heard');
  sink.handler = undefined;
  callAll(relay);
  expect(events).toEqual([{ type: 'text', text: 'heard' }]);
});
