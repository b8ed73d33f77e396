// One direction of a tapped connection, from its first byte: the head of the handshake, then frames. Knows no DOM.

import { HeadReader } from '../../handshake/index.js';
import type { MessageDecompression } from '../../index.js';
import { type Dissection, Dissector } from '../frames/dissector.js';

export class WireStream {
  #headReader: HeadReader | undefined = new HeadReader();
  #dissector = new Dissector();

  /** Inflates compressed messages from here on. Call it before the first frame, if compression was negotiated. */
  inflateWith(inflater: MessageDecompression): void {
    this.#dissector = new Dissector({ inflater });
  }

  /**
   * Takes the next chunk.
   *
   * @param onHead called once, with the head
   * @returns the frames that end in this chunk
   * @throws ProtocolError for a head that is too long
   */
  push(chunk: Uint8Array, onHead: (head: Uint8Array) => void): Dissection[] {
    if (this.#headReader === undefined) return this.#dissector.push(chunk);
    const received = this.#headReader.push(chunk);
    if (received === undefined) return [];
    this.#headReader = undefined;
    onHead(received.head);
    return this.#dissector.push(received.rest);
  }

  /** The incomplete frame at the end of the connection; undefined if it ended between two frames. */
  end(): Dissection | undefined {
    return this.#dissector.end();
  }
}
