// What the compressed messages of one direction hold. It follows the sender's context from message to message, as the receiver
// does; where that is lost, with bytes that the capture does not have, each message is tried by itself. It knows no frame.

import type { Sender } from '../../../capture/tcp-connections.js';
import { type DeflateParameters, formatParameters } from '../../../deflate/parameters.js';
import { PerMessageDeflate } from '../../../deflate/per-message-deflate.js';
import { ProtocolError } from '../../../index.js';
import type { MessageCompression } from '../../../messages/compression.js';
import { count } from '../../../page/frames/words.js';
import { rethrowUnless } from '../../../protocol/rethrow-unless.js';

/** What a compressed message held. */
export interface Inflated {
  /** Bytes. */
  readonly length: number;
  /** Its beginning. */
  readonly payload: Uint8Array;
}

/** Why it is not known what a message held, which breaks no rule. */
export interface NotInflated {
  readonly why: string;
}

/** A message that is longer, compressed or not, is not inflated: it takes a second or so. */
export const MAX_INFLATED_LENGTH = 256 * 1024 * 1024;
/** Contexts for which there is no room in it are kept all the same, at some cost. */
const POOL_LENGTH = 16 * 1024 * 1024;
/** The largest window. */
const CONTEXT_LENGTH = 32 * 1024;

let deflate: PerMessageDeflate | undefined;

/** The memory of all that is inflated here. */
export function sharedDeflate(): PerMessageDeflate {
  deflate ??= new PerMessageDeflate({ deflateTakeover: false, poolLength: POOL_LENGTH });
  return deflate;
}

export class Inflater {
  readonly #from: Sender;
  readonly #agreed: DeflateParameters;
  /** Bytes of each message to hand out. */
  readonly #limit: number;
  #decompression: MessageCompression | undefined;
  /** Every message since the handshake has passed through here. */
  #hasHistory: boolean;

  /**
   * @param agreed for both directions
   * @param hasHistory no message of this direction has gone before
   */
  constructor(from: Sender, agreed: DeflateParameters, hasHistory: boolean, limit: number) {
    this.#from = from;
    this.#agreed = agreed;
    this.#limit = limit;
    this.#hasHistory = hasHistory;
  }

  /**
   * The next message of this direction.
   *
   * @param payload of all its frames, joined
   * @param isText what it holds has to be UTF-8
   * @returns a ProtocolError where the message breaks a rule
   */
  inflate(payload: Uint8Array, isText: boolean): Inflated | NotInflated | ProtocolError {
    const shown: Uint8Array[] = [];
    let length = 0;
    let shownLength = 0;
    try {
      this.#decompression ??= this.#open();
      this.#decompression.inflatePieces(payload, 0, payload.length, MAX_INFLATED_LENGTH, isText, (piece) => {
        length += piece.length;
        const kept = piece.subarray(0, this.#limit - shownLength);
        shownLength += kept.length;
        if (kept.length > 0) shown.push(kept);
      });
      return { length, payload: shown.length === 1 ? shown[0]! : new Uint8Array(Buffer.concat(shown)) };
    } catch (error) {
      rethrowUnless(error, ProtocolError);
      const hadHistory = this.#hasHistory || this.#isFresh();
      this.lose();
      if (error.code === 'WSIMD_MESSAGE_TOO_LONG') {
        return { why: `it holds more than ${count(MAX_INFLATED_LENGTH, 'byte')}` };
      }
      // A message that refers to missing history cannot be inflated. So what was inflated without history is what was sent.
      if (error.code === 'WSIMD_INVALID_DEFLATE' && !hadHistory) {
        return { why: 'it needs messages from before, which are not there, or is broken' };
      }
      return error;
    }
  }

  /** Bytes of memory that its context takes. */
  get contextLength(): number {
    return this.#decompression === undefined ? 0 : CONTEXT_LENGTH;
  }

  /** A message has gone by that did not come here: what later ones refer to is not known. */
  lose(): void {
    this.release();
    this.#hasHistory = false;
  }

  /** Gives the context up. */
  release(): void {
    this.#decompression?.release();
    this.#decompression = undefined;
  }

  /** No message of this direction may refer to another. */
  #isFresh(): boolean {
    const { clientNoContextTakeover, serverNoContextTakeover } = this.#agreed;
    return this.#from === 'client' ? clientNoContextTakeover : serverNoContextTakeover;
  }

  #open(): MessageCompression {
    const { clientNoContextTakeover, clientMaxWindowBits, serverNoContextTakeover, serverMaxWindowBits } = this.#agreed;
    const isClient = this.#from === 'client';
    // It is servers that inflate what clients send. What a server sends is read in the same way, with its own parameters.
    const parameters: DeflateParameters = {
      serverNoContextTakeover: false,
      serverMaxWindowBits: undefined,
      clientNoContextTakeover: isClient ? clientNoContextTakeover : serverNoContextTakeover,
      clientMaxWindowBits: isClient ? clientMaxWindowBits : serverMaxWindowBits,
    };
    return sharedDeflate().forServer([formatParameters(parameters)])!;
  }
}
