// A message that does not come whole in one record: its payload, gathered as it comes. There is one only while such a
// message is under way. Who delivers it, and as what, it does not know.

import { FIN } from '../../assembly/protocol.js';
import { ProtocolError } from '../errors.js';
import type { ChunkDecoder } from '../frames/chunk-decoder.js';
import { PayloadBuffer } from '../frames/payload-buffer.js';
import { ASCII, END } from './record-bits.js';

export class FragmentedMessage {
  readonly isText: boolean;
  /** All that has come is ASCII. */
  isAscii = true;
  readonly #payload = new PayloadBuffer();
  /** The payloads of frames that have come whole, where they are kept apart. */
  readonly #fragments: Uint8Array[] | undefined;
  #fragmentCount = 0;

  /** @param isApart keep the payloads of its frames apart */
  constructor(isText: boolean, isApart: boolean) {
    this.isText = isText;
    this.#fragments = isApart ? [] : undefined;
  }

  /** Bytes that it holds. */
  get length(): number {
    const apart = this.#fragments?.reduce((length, fragment) => length + fragment.length, 0) ?? 0;
    return apart + this.#payload.length;
  }

  /**
   * Takes one record, whose payload is the arena's bytes `start` to `end`.
   *
   * @param first the record's first word
   * @param maxFragments that the message may have
   * @returns whether the message is whole
   * @throws ProtocolError `WSIMD_TOO_MANY_FRAGMENTS`
   */
  take(decoder: ChunkDecoder, first: number, start: number, end: number, maxFragments: number): boolean {
    const payload = this.#payload;
    if ((first & ASCII) === 0) this.isAscii = false;
    const isFrameEnd = (first & END) !== 0;
    const expected = payload.length + (end - start) + (isFrameEnd ? 0 : decoder.remaining);
    payload.append(decoder.arena.bytes, start, end, expected);
    if (!isFrameEnd) return false;
    if (++this.#fragmentCount > maxFragments) {
      throw new ProtocolError('WSIMD_TOO_MANY_FRAGMENTS', { detail: String(maxFragments) });
    }
    if (this.#fragments !== undefined && payload.length > 0) this.#fragments.push(payload.take());
    return (first & FIN) !== 0;
  }

  /** The payloads of its frames but for empty ones, given away; undefined if they are not apart, or all empty. */
  takeFragments(): Uint8Array[] | undefined {
    return this.#fragments === undefined || this.#fragments.length === 0 ? undefined : this.#fragments;
  }

  /** Its payload, given away. */
  takePayload(): Uint8Array {
    return this.#payload.take();
  }
}
