// A message that is framed once and sent to many.

import { OPCODE_BINARY, OPCODE_TEXT } from '../../assembly/shared/protocol.js';
import { requireBytes } from '../bytes/copy.js';
import { shareInstances } from '../protocol/share-instances.js';
import { FrameEncoder } from './frame-encoder.js';
import type { HistoryPlace } from './message-history.js';

/** A prepared message as connections with compression send it. */
export interface CompressedForm {
  /** The payload of a frame with RSV1. */
  readonly payload: Uint8Array;
  /** That frame as a server sends it. */
  readonly serverFrame: Uint8Array;
  /** The end of the uncompressed message, as much of it as any window holds. */
  readonly tail: Uint8Array;
}

/** How a message is prepared. */
export interface PrepareOptions {
  /** Send it as binary (true) or text (false). Default: by its type. */
  readonly binary?: boolean;
  /** Connections with compression send it compressed, if that makes it shorter. Default true. */
  readonly compress?: boolean;
}

/**
 * A text or binary message that is framed once: every server connection sends the same bytes. A client connection can send
 * it too, but must mask it anew each time (RFC 6455 section 5.3).
 */
export class PreparedMessage {
  /** `OPCODE_TEXT` or `OPCODE_BINARY`. */
  readonly opcode: number;
  /** The string, or a copy of the caller's bytes, to be read only. */
  readonly payload: string | Uint8Array;
  /** Whether connections that negotiated compression may send it compressed. */
  readonly compress: boolean;
  /**
   * Where it stands among the messages of a topic, which it may refer to when it is compressed.
   *
   * @internal
   */
  place: HistoryPlace | undefined;
  /**
   * Compressed forms, made once for all connections that can share one; the compression chooses the keys. `null`: the
   * message should go uncompressed.
   *
   * @internal
   */
  readonly compressedForms = new Map<string, CompressedForm | null>();
  #serverFrame: Uint8Array | undefined;

  /**
   * @param message a string for a text message, bytes for a binary one; bytes are copied
   * @param options with `binary: false`, bytes are sent as text and must be valid UTF-8
   */
  constructor(message: string | Uint8Array, options: PrepareOptions = {}) {
    if (typeof message !== 'string') requireBytes(message);
    this.opcode = (options.binary ?? typeof message !== 'string') ? OPCODE_BINARY : OPCODE_TEXT;
    this.compress = options.compress ?? true;
    if (typeof message === 'string') {
      this.payload = message;
    } else {
      // Connections may send it long after this call: the frame is made now, and is the copy.
      const frame = this.#frame(message);
      this.#serverFrame = frame;
      this.payload = frame.subarray(frame.length - message.length);
    }
  }

  /** The frame as a server sends it: made once, shared by all, to be read only. */
  get serverFrame(): Uint8Array {
    this.#serverFrame ??= this.#frame(this.payload);
    return this.#serverFrame;
  }

  #frame(payload: string | Uint8Array): Uint8Array {
    return new FrameEncoder({ role: 'server' }).encode(this.opcode, payload);
  }
}

shareInstances(PreparedMessage, 'PreparedMessage');
