// What comes out of a stream of frames, in two shapes: calls on a handler (nothing allocated but what is delivered), or
// event objects in an array. Types, and the handler that makes the one out of the other.

import type { ProtocolError } from '../protocol/errors.js';

/** A piece of a data message that spans chunks or fragments, delivered as it arrives. */
export interface MessagePiece {
  readonly opcode: 'text' | 'binary';
  /** Owned. Of a text: UTF-8, valid so far; a character may be cut in two between pieces. */
  readonly data: Uint8Array;
  /** The message begins with this piece. */
  readonly isFirst: boolean;
  /** The message ends with this piece, which may be empty. */
  readonly isLast: boolean;
}

/**
 * Receives what a decoder delivers, in the order of the stream. What it is given is its own to keep.
 *
 * A handler may call any codec, this decoder's too. If it throws, the error goes to whoever called `dispatch`; what has
 * not been delivered is, at the next call, before anything new.
 */
export interface MessageHandler {
  onText(text: string): void;
  /** Texts, with `textAs: 'bytes'`: valid UTF-8. Without this method they are dropped. */
  onTextBytes?(bytes: Uint8Array): void;
  onBinary(data: Uint8Array): void;
  /** Binary messages of several frames, with `separatesFragments`: the payload of each. Without this method they are dropped. */
  onFragments?(fragments: Uint8Array[]): void;
  /** Pieces, with `deliver: 'pieces'`. Without this method they are dropped. */
  onPiece?(piece: MessagePiece): void;
  /** @param payload 0 to 125 bytes */
  onPing(payload: Uint8Array): void;
  /** Answers a ping in the connection's place, before `onPing`. @returns false to leave the answer to the connection */
  answerPing?(payload: Uint8Array): boolean;
  /** @param payload 0 to 125 bytes */
  onPong(payload: Uint8Array): void;
  /** The last thing of a stream. @param closeCode 1005 where the Close carried none */
  onClose(closeCode: number, reason: string): void;
  /** The last thing of a stream that broke a rule. */
  onError(error: ProtocolError): void;
}

/** What a decoder delivers, as an object. What it holds is owned by whoever gets it. */
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

/** A handler that puts everything into an array. */
export function collectInto(events: MessageEvent[]): Required<Omit<MessageHandler, 'answerPing'>> {
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
