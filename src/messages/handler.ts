// What comes out of a stream of frames, in three shapes: a kind with a value, which is how it is queued and passed on inside; calls on a
// handler; event objects in an array. This file alone lists the kinds.

import { wipe } from '../bytes/lent-buffers.js';
import { ownBytes } from '../bytes/owned.js';
import type { ProtocolError } from '../protocol/errors.js';

/** A piece of a data message that spans chunks or fragments, delivered as it arrives. */
export interface MessagePiece {
  /** Whether the message is text or binary. */
  readonly opcode: 'text' | 'binary';
  /** Owned. Of a text: UTF-8, valid so far; a character may be cut in two between pieces. */
  readonly data: Uint8Array;
  /** The message begins with this piece. */
  readonly isFirst: boolean;
  /** The message ends with this piece, which may be empty. */
  readonly isLast: boolean;
}

/**
 * Receives what a decoder delivers, in the order of the stream. It owns what it is given, unless `messageLifetime` says otherwise.
 *
 * A handler may call any codec, this decoder's too. If it throws, `dispatch` throws the same error; what has not been delivered
 * yet is delivered by the next call, before anything new.
 */
export interface MessageHandler {
  /** A text message. Not called with `textAs: 'bytes'`. */
  onText(text: string): void;
  /** Texts, with `textAs: 'bytes'`: valid UTF-8. Without this method they are dropped. */
  onTextBytes?(bytes: Uint8Array): void;
  /** A binary message, owned unless `messageLifetime` says otherwise. */
  onBinary(data: Uint8Array): void;
  /** Binary messages of several frames, with `separatesFragments`: the payload of each. Without this method they are dropped. */
  onFragments?(fragments: Uint8Array[]): void;
  /** Pieces, with `deliver: 'pieces'`. Without this method they are dropped. */
  onPiece?(piece: MessagePiece): void;
  /** A ping, which a `Connection` has answered unless `autoPong` is off. @param payload 0 to 125 bytes, owned */
  onPing(payload: Uint8Array): void;
  /** A pong, which answers a ping or is unsolicited. @param payload 0 to 125 bytes, owned */
  onPong(payload: Uint8Array): void;
  /** The last thing of a stream. @param closeCode 1005 where the Close frame carried none */
  onClose(closeCode: number, reason: string): void;
  /** The last thing of a stream that broke a rule. */
  onError(error: ProtocolError): void;
}

/** A handler that may answer pings and Close frames in the connection's place. */
export interface Answerer extends MessageHandler {
  /** Called before `onPing`. @returns false to leave the answer to the connection */
  answerPing?(payload: Uint8Array): boolean;
  /** Called before `onClose` and `onError`. @returns whether the handler, or its owner, will close the connection by itself */
  answerClose?(): boolean;
}

/**
 * What a decoder delivers, as an object that the caller owns. `type` tells the kinds apart; each has what the method of a
 * `MessageHandler` for it is given:
 *
 * - `text`, `textBytes`, `binary`, `fragments`: a whole message; `piece`: a part of one
 * - `ping`, `pong`: a control frame with a payload of 0 to 125 bytes
 * - `close`: the Close frame of the peer, with its code (1005 where it carried none) and reason; the last event of a stream
 * - `error`: the rule that the peer broke; the last event of a stream
 */
export type MessageEvent =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'textBytes'; readonly bytes: Uint8Array }
  | { readonly type: 'binary'; readonly data: Uint8Array }
  | { readonly type: 'fragments'; readonly fragments: readonly Uint8Array[] }
  | ({ readonly type: 'piece' } & MessagePiece)
  | { readonly type: 'ping'; readonly payload: Uint8Array }
  | { readonly type: 'pong'; readonly payload: Uint8Array }
  | { readonly type: 'close'; readonly closeCode: number; readonly reason: string }
  | { readonly type: 'error'; readonly error: ProtocolError };

/** The kinds of deliveries: what a value is, and which method of a handler gets it. */
export const TEXT = 0;
export const TEXT_BYTES = 1;
export const BINARY = 2;
export const FRAGMENTS = 3;
export const PIECE = 4;
export const PING = 5;
export const PONG = 6;
export const CLOSE = 7;
export const ERROR = 8;

export interface ReceivedClose {
  readonly closeCode: number;
  readonly reason: string;
}

/** The value of each kind. */
export interface DeliveryValues {
  readonly [TEXT]: string;
  readonly [TEXT_BYTES]: Uint8Array;
  readonly [BINARY]: Uint8Array;
  readonly [FRAGMENTS]: Uint8Array[];
  readonly [PIECE]: MessagePiece;
  readonly [PING]: Uint8Array;
  readonly [PONG]: Uint8Array;
  readonly [CLOSE]: ReceivedClose;
  readonly [ERROR]: ProtocolError;
}
export type DeliveryKind = keyof DeliveryValues;
export type DeliveryValue = DeliveryValues[DeliveryKind];

/** Takes deliveries of all kinds. */
export interface DeliverySink {
  deliver<Kind extends DeliveryKind>(kind: Kind, value: DeliveryValues[Kind]): void;
}

/** Calls the handler's method for a delivery. */
export function deliverTo(handler: MessageHandler, kind: DeliveryKind, value: DeliveryValue): void {
  switch (kind) {
    case TEXT:
      handler.onText(value as string);
      break;
    case BINARY:
      handler.onBinary(value as Uint8Array);
      break;
    case TEXT_BYTES:
      handler.onTextBytes?.(value as Uint8Array);
      break;
    case FRAGMENTS:
      handler.onFragments?.(value as Uint8Array[]);
      break;
    case PIECE:
      handler.onPiece?.(value as MessagePiece);
      break;
    case PING:
      handler.onPing(value as Uint8Array);
      break;
    case PONG:
      handler.onPong(value as Uint8Array);
      break;
    case CLOSE:
      handler.onClose((value as ReceivedClose).closeCode, (value as ReceivedClose).reason);
      break;
    default:
      handler.onError(value as ProtocolError);
  }
}

/** A handler that passes everything on to a sink. */
export function handlerOf(sink: DeliverySink): Required<MessageHandler> {
  return {
    onText: (text) => sink.deliver(TEXT, text),
    onTextBytes: (bytes) => sink.deliver(TEXT_BYTES, bytes),
    onBinary: (data) => sink.deliver(BINARY, data),
    onFragments: (fragments) => sink.deliver(FRAGMENTS, fragments),
    onPiece: (piece) => sink.deliver(PIECE, piece),
    onPing: (payload) => sink.deliver(PING, payload),
    onPong: (payload) => sink.deliver(PONG, payload),
    onClose: (closeCode, reason) => sink.deliver(CLOSE, { closeCode, reason }),
    onError: (error) => sink.deliver(ERROR, error),
  };
}

/** Bytes that a queued delivery takes beside its own: the object, its buffer, its place in the queue. Measured on Node 20: 110 to 190. */
export const QUEUED_OVERHEAD = 200;

/** How much memory a queued delivery takes: its bytes, of strings UTF-16 units, and an overhead. */
export function heldLengthOf(kind: DeliveryKind, value: DeliveryValue): number {
  if (kind === FRAGMENTS) {
    return (value as Uint8Array[]).reduce((sum, { length }) => sum + QUEUED_OVERHEAD + length, QUEUED_OVERHEAD);
  }
  const { length = 0 } = (kind === PIECE ? (value as MessagePiece).data : value) as { readonly length?: number };
  return QUEUED_OVERHEAD + length;
}

/** Overwrites the bytes of a message that is valid until its handler returns. */
export function wipeDelivery(kind: DeliveryKind, value: DeliveryValue): void {
  if (kind === BINARY || kind === TEXT_BYTES) wipe(value as Uint8Array);
  else if (kind === PIECE) wipe((value as MessagePiece).data);
}

/** `collectInto` for messages that are valid until the handler returns: copies them. */
export function collectCopies(events: MessageEvent[]): Required<MessageHandler> {
  const handler = collectInto(events);
  return {
    ...handler,
    onTextBytes: (bytes) => handler.onTextBytes(ownBytes(bytes)),
    onBinary: (data) => handler.onBinary(ownBytes(data)),
    onPiece: (piece) => handler.onPiece({ ...piece, data: ownBytes(piece.data) }),
  };
}

/** A handler that puts everything into an array. */
export function collectInto(events: MessageEvent[]): Required<MessageHandler> {
  return {
    onText: (text) => events.push({ type: 'text', text }),
    onTextBytes: (bytes) => events.push({ type: 'textBytes', bytes }),
    onBinary: (data) => events.push({ type: 'binary', data }),
    onFragments: (fragments) => events.push({ type: 'fragments', fragments }),
    onPiece: (piece) => events.push({ type: 'piece', ...piece }),
    onPing: (payload) => events.push({ type: 'ping', payload }),
    onPong: (payload) => events.push({ type: 'pong', payload }),
    onClose: (closeCode, reason) => events.push({ type: 'close', closeCode, reason }),
    onError: (error) => events.push({ type: 'error', error }),
  };
}
