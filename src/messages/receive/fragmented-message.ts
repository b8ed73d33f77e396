// A message that does not come whole in one record: its payload, gathered as it comes. There is one only while such a
// message is under way. It does not deliver the message.

import { FIN } from '../../../assembly/shared/protocol.js';
import { PayloadBuffer } from '../../bytes/payload-buffer.js';
import type { ChunkDecoder } from '../../frames/chunk-decoder.js';
import { ASCII, END } from '../../kernel/records.js';
import { ProtocolError } from '../../protocol/errors.js';
import { COPY_COST, spend } from '../turn.js';

/** Bytes that an offset takes in an array that grows by half of its length. */
const END_COST = 16;

export class FragmentedMessage {
  readonly isText: boolean;
  /** All that has come is ASCII. */
  isAscii = true;
  readonly #payload: PayloadBuffer;
  /** Where the payloads of complete frames end, if they are delivered apart. Views are made at delivery: each has 100 bytes. */
  readonly #ends: number[] | undefined;
  #fragmentCount = 0;

  /**
   * @param isApart keep the payloads of its frames apart
   * @param lentFrom see `PayloadBuffer`
   */
  constructor(isText: boolean, isApart: boolean, lentFrom: number | undefined) {
    this.isText = isText;
    this.#payload = new PayloadBuffer(lentFrom);
    this.#ends = isApart ? [] : undefined;
  }

  /** Bytes allocated. */
  get heldLength(): number {
    return this.#payload.capacity + (this.#ends === undefined ? 0 : this.#ends.length * END_COST);
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
    spend((end - start) * COPY_COST);
    payload.append(decoder.arena.bytes, start, end, expected);
    if (!isFrameEnd) return false;
    if (++this.#fragmentCount > maxFragments) {
      throw new ProtocolError('WSIMD_TOO_MANY_FRAGMENTS', { detail: String(maxFragments) });
    }
    const ends = this.#ends;
    if (ends !== undefined && payload.length > (ends.at(-1) ?? 0)) ends.push(payload.length);
    return (first & FIN) !== 0;
  }

  /** Room for so many bytes of the frame under way, to be written by the caller, with more of the frame behind them. */
  extend(decoder: ChunkDecoder, length: number): Uint8Array {
    spend(length * COPY_COST);
    return this.#payload.extend(length, this.#payload.length + decoder.remaining);
  }

  /** The payloads of its frames but for empty ones, given away; undefined if they are not apart, or all empty. */
  takeFragments(): Uint8Array[] | undefined {
    const ends = this.#ends;
    if (ends === undefined || ends.length === 0) return undefined;
    const { buffer, byteOffset } = this.#payload.take();
    const fragments: Uint8Array[] = [];
    let start = 0;
    for (const end of ends) {
      fragments.push(new Uint8Array(buffer, byteOffset + start, end - start));
      start = end;
    }
    return fragments;
  }

  /** Its payload, given away. */
  takePayload(): Uint8Array {
    return this.#payload.take();
  }
}
