// What a case of the fuzz of compression is made of. Types only.

export interface DeflateMessage {
  readonly isText: boolean;
  readonly isCompressed: boolean;
  /** As it stands in its frames. */
  readonly payload: Uint8Array;
  /** Where its frames are cut. */
  readonly cuts: readonly number[];
}

export interface DeflateCase {
  readonly windowBits: number;
  readonly takeover: boolean;
  readonly maxMessageLength: number;
  readonly messages: readonly DeflateMessage[];
  /** How long the chunks are that the stream comes in; 0: whole. */
  readonly chunkLength: number;
}
