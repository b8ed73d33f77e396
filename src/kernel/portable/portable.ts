// The portable kernel: the ABI of kernel.ts over an ArrayBuffer in plain TypeScript. It serves where WebAssembly is
// forbidden, and is what the WebAssembly kernel is tested and measured against. It must not know that kernel: both are
// readings of one contract.

import { MEMORY_PAGES, PAGE_LENGTH } from '../../../assembly/shared/layout.js';
import type { Kernel } from '../kernel.js';
import { decode } from './decode.js';
import { encode } from './header.js';
import { mask, type PortableMemory } from './mask.js';
import { transcode } from './transcode.js';
import { validate } from './utf8.js';

class PortableKernel implements Kernel {
  readonly name = 'portable';
  readonly memory = new ArrayBuffer(MEMORY_PAGES * PAGE_LENGTH);
  readonly #memory: PortableMemory = {
    bytes: new Uint8Array(this.memory),
    words: new Int32Array(this.memory),
    units: new Uint16Array(this.memory),
  };

  decode(statePtr: number, chunkPtr: number, length: number, recordsPtr: number, recordCapacity: number): number {
    return decode(this.#memory, statePtr, chunkPtr, length, recordsPtr, recordCapacity);
  }

  encode(
    payloadPtr: number,
    length: number,
    firstByte: number,
    payloadLength: number,
    masked: number,
    maskingKey: number,
  ): number {
    return encode(this.#memory, payloadPtr, length, firstByte, payloadLength, masked, maskingKey);
  }

  mask(ptr: number, length: number, maskingKey: number, phase: number): void {
    mask(this.#memory, ptr, length, maskingKey, phase);
  }

  validate(ptr: number, length: number, state: number): number {
    return validate(this.#memory, ptr, length, state);
  }

  transcode(ptr: number, length: number, outputPtr: number): number {
    return transcode(this.#memory, ptr, length, outputPtr);
  }
}

/** A kernel with a memory of its own that needs no WebAssembly. */
export function createPortableKernel(): Kernel {
  return new PortableKernel();
}
