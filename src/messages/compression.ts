// The interface between a connection and the extension that compresses its messages. Types only: the core imports no compression; the
// caller passes an object of `wsimd/deflate`.

import type { CompressedForm, PreparedMessage } from '../frames/prepared-message.js';

/**
 * Decompresses the messages of a peer. Each connection has its own, which may keep the history of earlier messages.
 *
 * A message is inflated in steps: `begin`, then `step` until either returns true, then `takeText` or `takeBytes`. Between two steps
 * anything may be inflated or deflated for other connections, and anything deflated for this one. `inflateText`, `inflateBytes` and
 * `inflatePieces` make all the steps at once.
 *
 * A message can also be inflated while it arrives: `begin` with its first part, `takeBytes` after each step, and `give` with the next
 * part whenever it `needsInput`.
 */
export interface MessageDecompression {
  /**
   * Begins a message and makes the first step. A step takes at most about a millisecond, whatever the message contains, and counts as
   * part of the turn (turn.ts). The previous message must have been taken.
   *
   * @param source holds the joined payloads of all frames of the message, from `start` to `end`. It must not change until the message
   *   is done, or `keepSource` has been called
   * @param maxLength the most bytes that the inflated message may have
   * @param isText check that the output is UTF-8
   * @param inPieces whether the output is taken after each step (default false)
   * @param isWhole whether the message ends at `end` (default true)
   * @returns whether the message is done; most are
   * @throws ProtocolError to fail the connection with; nothing more may be inflated then
   */
  begin(
    source: Uint8Array,
    start: number,
    end: number,
    maxLength: number,
    isText: boolean,
    inPieces?: boolean,
    isWhole?: boolean,
  ): boolean;

  /** All input of a message that is not whole has been used: `give` hands over the next part. `step` must not be called. */
  readonly needsInput: boolean;

  /** Hands over the next part and makes a step. Parameters, result and errors are those of `begin`. */
  give(source: Uint8Array, start: number, end: number, isWhole: boolean): boolean;

  /** Makes the next step of a message that is not done. Returns and throws as `begin` does. */
  step(): boolean;

  /** Copies the unread rest of the source of a message that is not done, so that the source may change. */
  keepSource(): void;

  /** Takes the finished message as a string. Call it at once. @param isValidated the `isText` of `begin` */
  takeText(isValidated: boolean): string;

  /** Takes the finished message as bytes, owned; or, from an unfinished one, the output so far. */
  takeBytes(): Uint8Array;

  /** Bytes allocated for a message that is not done. */
  readonly heldLength: number;

  /**
   * Inflates a whole compressed text to a string.
   *
   * @param source holds the joined payloads of all frames of the message, from `start` to `end`
   * @param maxLength the most bytes that the inflated message may have
   * @param isValidated whether to check its UTF-8; otherwise invalid bytes become U+FFFD
   * @throws ProtocolError to fail the connection with; nothing more may be inflated then
   */
  inflateText(source: Uint8Array, start: number, end: number, maxLength: number, isValidated: boolean): string;

  /** Inflates a whole message to bytes, owned. @param isText check that they are UTF-8; the others as in `inflateText` */
  inflateBytes(source: Uint8Array, start: number, end: number, maxLength: number, isText: boolean): Uint8Array;

  /** Inflates a whole message in pieces, at least one, each owned. @param onPiece must not inflate */
  inflatePieces(
    source: Uint8Array,
    start: number,
    end: number,
    maxLength: number,
    isText: boolean,
    onPiece: (data: Uint8Array, isFirst: boolean, isLast: boolean) => void,
  ): void;
}

/** How many messages were inflated and deflated, with their bytes before (`Input`) and after (`Output`). */
export interface CompressionCounts {
  /** Messages inflated. */
  readonly inflated: number;
  /** Compressed bytes received for them. */
  readonly inflateInput: number;
  /** Bytes that they were inflated to. */
  readonly inflateOutput: number;
  /** Messages deflated. */
  readonly deflated: number;
  /** Bytes of them before compression. */
  readonly deflateInput: number;
  /** Compressed bytes made of them. */
  readonly deflateOutput: number;
}

/** Compresses one connection's messages, in both directions. */
export interface MessageCompression extends MessageDecompression {
  /** What it has done so far, for statistics. */
  readonly counts?: CompressionCounts;

  /** How many bytes are deflated in about a millisecond: the length of the slices of a long message. */
  readonly sliceLength: number;

  /**
   * Deflates a whole message, for one frame with RSV1.
   *
   * @returns valid until the next call of any connection's compression; undefined if the message should go uncompressed
   */
  deflate(payload: string | Uint8Array): Uint8Array | undefined;

  /** Whether the last call of `deflate` left the message uncompressed to spare the history that the peer shares with a topic. */
  readonly hasSpared?: boolean;

  /** Whether the message that begins with this fragment is worth deflating. */
  isWorthDeflating(payload: string | Uint8Array): boolean;

  /**
   * Deflates the next part of a message, for a frame of its own: the first with RSV1, the others continuations. Between two parts
   * nothing else may be deflated for this connection; other connections are free.
   *
   * @returns valid until the next call of any connection's compression
   */
  deflateFragment(payload: string | Uint8Array, isLast: boolean): Uint8Array;

  /** A prepared message, compressed once for all that can share it; undefined if it should go uncompressed. */
  deflatePrepared(message: PreparedMessage): CompressedForm | undefined;

  /** Frees the history: the connection has ended. Only this method may be called afterwards. */
  release(): void;
}
