// Views of the first bytes of a region of memory, kept by length: for a short copy, making the view costs more than copying.

import { KEPT_VIEW_LENGTH } from './thresholds.js';

/** The memory must never grow: views are kept. */
export class ViewsByLength {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #ptr: number;
  /** Filled: engines make a dictionary of an array that is first written at 1024, and looking into that costs 50 to 150 ns. */
  readonly #views = new Array<Uint8Array<ArrayBuffer> | undefined>(KEPT_VIEW_LENGTH + 1).fill(undefined);

  /** @param ptr where in `bytes` the region begins */
  constructor(bytes: Uint8Array<ArrayBuffer>, ptr: number) {
    this.#bytes = bytes;
    this.#ptr = ptr;
  }

  /** The first `length` bytes of the region; made once for each length up to KEPT_VIEW_LENGTH. */
  take(length: number): Uint8Array<ArrayBuffer> {
    if (length > KEPT_VIEW_LENGTH) return this.#bytes.subarray(this.#ptr, this.#ptr + length);
    this.#views[length] ??= this.#bytes.subarray(this.#ptr, this.#ptr + length);
    return this.#views[length];
  }
}
