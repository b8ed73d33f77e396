// What a connection asks of the extension that compresses its messages. Types only: the core imports no compression; who
// negotiates it (deflate/) hands an object of this shape in.

import type { CompressedForm, PreparedMessage } from '../frames/prepared-message.js';

/**
 * Undoes what the peer did to a message. One for each connection: it may remember what came before.
 *
 * A message is inflated in steps: `begin`, then `step` until either returns true, then `takeText` or `takeBytes`. Between two steps
 * anything may be inflated or deflated for other connections, and anything deflated for this one. `inflateText`, `inflateBytes` and
 * `inflatePieces` make all the steps at once.
 */
export interface MessageDecompression {
  /**
   * Begins a message, with the first step. A step takes at most about a millisecond, whatever the message is made of, and counts as
   * part of the turn (turn.ts). The message before must have been taken.
   *
   * @param source where its bytes lie: `start` to `end`, the payloads of all its frames joined. It must stay as it is until the
   *   message is done, or `keepSource` has been called
   * @param maxLength how many bytes it may have when it is inflated
   * @param isText check that what comes out is UTF-8, as it comes out
   * @returns whether the message is done; most are
   * @throws ProtocolError with what the connection is to be failed with; nothing more may be inflated then
   */
  begin(source: Uint8Array, start: number, end: number, maxLength: number, isText: boolean): boolean;

  /** The next step of a message that is not done. Returns and throws as `begin` does. */
  step(): boolean;

  /** Copies what the message that is not done has left of its source: that may then change. */
  keepSource(): void;

  /** The message that is done, as a string. To be called at once. @param isValidated as it was given as `isText` */
  takeText(isValidated: boolean): string;

  /** The message that is done as bytes, owned; or what has come out of one that is not done, which then no longer has it. */
  takeBytes(): Uint8Array;

  /** Bytes allocated for a message that is not done. */
  readonly heldLength: number;

  /**
   * A whole compressed text as a string.
   *
   * @param source where its bytes lie: `start` to `end`, the payloads of all its frames joined
   * @param maxLength how many bytes it may have when it is inflated
   * @param isValidated whether its UTF-8 is checked; of what is not, bad bytes become U+FFFD
   * @throws ProtocolError with what the connection is to be failed with; nothing more may be inflated then
   */
  inflateText(source: Uint8Array, start: number, end: number, maxLength: number, isValidated: boolean): string;

  /** A whole compressed message as bytes, owned. @param isText check that they are UTF-8; the rest as of `inflateText` */
  inflateBytes(source: Uint8Array, start: number, end: number, maxLength: number, isText: boolean): Uint8Array;

  /** The same in pieces, each owned, at least one. @param onPiece may not inflate */
  inflatePieces(
    source: Uint8Array,
    start: number,
    end: number,
    maxLength: number,
    isText: boolean,
    onPiece: (data: Uint8Array, isFirst: boolean, isLast: boolean) => void,
  ): void;
}

/** Everything that compresses one connection's messages, in both directions. */
export interface MessageCompression extends MessageDecompression {
  /** How many bytes are deflated in about a millisecond: a longer message that nobody is to wait for is cut into as many. */
  readonly sliceLength: number;

  /**
   * Deflates a whole message, for one frame with RSV1.
   *
   * @returns valid until the next call of any connection's compression; undefined if the message should go uncompressed
   */
  deflate(payload: string | Uint8Array): Uint8Array | undefined;

  /** Whether the message that begins with this fragment is worth deflating. */
  isWorthDeflating(payload: string | Uint8Array): boolean;

  /**
   * Deflates a further part of a message, for a frame of its own: the first with RSV1, the others continuations. Between
   * two parts nothing else of this connection may be deflated, of other connections anything.
   *
   * @returns valid until the next call of any connection's compression
   */
  deflatePart(payload: string | Uint8Array, isLast: boolean): Uint8Array;

  /** A prepared message, compressed once for all that can share it; undefined if it should go uncompressed. */
  deflatePrepared(message: PreparedMessage): CompressedForm | undefined;

  /** The connection has ended: what was remembered for it is given up. Nothing may be called after it but this. */
  release(): void;
}
