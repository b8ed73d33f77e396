// The memory that JavaScript and a kernel share, with the views on it that everything above the seam uses. Each kernel has one
// arena, so a realm has one unless a program uses both kernels.

import { CHUNK_CAPACITY, CHUNK_PTR, SCRATCH_PTR, STATE_LENGTH, STATE_PTR } from '../../assembly/shared/layout.js';
import { getHost, type Host } from '../bytes/host.js';
import { MASK_SLAB_LENGTH } from '../bytes/thresholds.js';
import { ViewsByLength } from '../bytes/views-by-length.js';
import type { Kernel } from './kernel.js';
import { type KernelChoice, selectKernel } from './select.js';

/** A kernel with the views on its memory. The memory never grows, so the views are made once and stay valid. */
export class Arena {
  readonly kernel: Kernel;
  /** All of the memory. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same as 32-bit numbers: index = address / 4. */
  readonly words: Int32Array<ArrayBuffer>;
  /** The decode state's 64 bytes. */
  readonly state: Uint8Array<ArrayBuffer>;
  readonly host: Host;
  /**
   * Counts the decodings. What points into the chunk or the records remembers the number, and is stale once it differs.
   */
  generation = 0;
  /**
   * The fresh state that lies in `state` now, as a decoder between two messages left it; undefined where something else
   * does. Decoders with the same options share one fresh state, and so need not copy it in again.
   */
  loadedState: Uint8Array | undefined;
  /** Views of the first bytes of the chunk. */
  readonly chunkStarts: ViewsByLength;
  /** Where the bytes of others are masked. */
  readonly maskSlab: Uint8Array<ArrayBuffer>;
  #receiveBuffer: Uint8Array<ArrayBuffer> | undefined;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.bytes = new Uint8Array(kernel.memory);
    this.words = new Int32Array(kernel.memory);
    this.state = new Uint8Array(kernel.memory, STATE_PTR, STATE_LENGTH);
    this.host = getHost();
    this.chunkStarts = new ViewsByLength(this.bytes, CHUNK_PTR);
    this.maskSlab = this.bytes.subarray(SCRATCH_PTR, SCRATCH_PTR + MASK_SLAB_LENGTH);
  }

  /** Where chunks are decoded, all of it: bytes that a transport puts at its start need not be copied there. */
  get receiveBuffer(): Uint8Array<ArrayBuffer> {
    this.#receiveBuffer ??= this.bytes.subarray(CHUNK_PTR, CHUNK_PTR + CHUNK_CAPACITY);
    return this.#receiveBuffer;
  }
}

const arenas = new Map<Kernel, Arena>();
let chosenByDefault: Arena | undefined;

/** The arena of the kernel that was chosen; made at the first call. Throws as `selectKernel` does. */
export function arenaFor(choice?: KernelChoice): Arena {
  if (choice === undefined && chosenByDefault !== undefined) return chosenByDefault;
  const { kernel } = selectKernel(choice);
  let arena = arenas.get(kernel);
  if (arena === undefined) {
    arena = new Arena(kernel);
    arenas.set(kernel, arena);
  }
  if (choice === undefined) chosenByDefault = arena;
  return arena;
}
