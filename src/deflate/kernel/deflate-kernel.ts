// The seam of permessage-deflate: what every deflate kernel offers. Like kernel.ts, but a module and a memory of its own
// (assembly/shared/deflate-layout.ts), which exist only once a connection has negotiated compression. It knows no connection:
// what one remembers is a context in the pool, whose place JavaScript decides.

import type { KernelName } from '../../kernel/kernel.js';

/**
 * RFC 1951 as RFC 7692 uses it, synchronous, over one memory that never grows.
 *
 * No function throws, and none but `suspendInflate` allocates. One message is inflated at a time: between the calls for one
 * message another may begin only if the first has been suspended. A slice is deflated in one call, so messages may be deflated
 * in turns, slice by slice.
 */
export interface DeflateKernel {
  readonly name: KernelName;
  /** The memory of `assembly/shared/deflate-layout.ts`, of a size that was said when the kernel was made. */
  readonly memory: ArrayBuffer;

  /**
   * Writes the header of a context: empty, without history. The ring and the hash need no clearing.
   *
   * @param ringLength 2^8 to 2^15
   * @param hashBits 8 to 12, or 0 for a context of inflate
   */
  initContext(contextPtr: number, ringLength: number, hashBits: number): void;

  /**
   * Inflates a piece of a message: `length` bytes at INPUT_PTR, behind what of the message came before. The output lies at
   * OUTPUT_PTR; matches reach into it and into the context's history, no further than `windowLength`. The context itself
   * stays as it is: a caller that needs the output as history calls `remember` with it where more of the message is to come, and with
   * takeover gives INFLATE_KEEP for the end.
   *
   * Accepts what zlib's raw inflate accepts. A block with BFINAL ends the compressed data of its message only in so far as
   * RFC 7692 section 7.2.3.4 allows: behind it, at the next byte, further blocks may follow. A message is whole where, with
   * the four bytes that RFC 7692 section 7.2.2 puts behind it, it ends at a block's border, on a byte; or without them (no
   * bytes at all; a last block with BFINAL and nothing behind it). One that ends inside a block is an error, where zlib
   * would wait for more.
   *
   * After INFLATE_NEEDS_OUTPUT and INFLATE_PAUSED the input stays where it is until the next call, or is put there again with
   * INFLATE_AGAIN; after INFLATE_NEEDS_INPUT it was taken, and other functions may use its region.
   *
   * @param contextPtr the direction's context; SHARED_INFLATE_CONTEXT_PTR, its history set to 0 at a message's start, where
   *   there is no takeover
   * @param windowLength 2^8 to 2^15; a distance beyond it, or beyond what was put out and remembered, is an error
   * @param length 0 to INPUT_CAPACITY; 0 to go on after INFLATE_NEEDS_OUTPUT or INFLATE_PAUSED. With INFLATE_AGAIN what it was
   *   given of the message from the byte on that it stopped in, and more if it is to have more; 0 where only some of the four
   *   bytes behind the message's end is left
   * @param flags INFLATE_FIRST, INFLATE_LAST, INFLATE_TEXT, INFLATE_KEEP; to go on after INFLATE_NEEDS_OUTPUT or INFLATE_PAUSED the
   *   same without FIRST, and INFLATE_AGAIN. From bit INFLATE_BLOCKS_SHIFT on, the most that the headers of blocks may cost in
   *   this call (24 bits): the header that goes beyond it is still read
   * @param capacity 1 to OUTPUT_CAPACITY: the most bytes to put out in this call. INFLATE_NEEDS_OUTPUT only if there is at
   *   least one more byte to come, so a limit is exact
   * @returns how many bytes lie at OUTPUT_PTR; the words at OUTCOME_PTR say the rest. After an error the output is void
   */
  inflate(contextPtr: number, windowLength: number, length: number, flags: number, capacity: number): number;

  /**
   * Takes the message that is being inflated out of the kernel, between two calls, so that another can begin. Its output must have
   * been remembered, if it is to be history; the caller keeps the context.
   *
   * @returns a function that brings the message back, once, when no other is being inflated. The next call is then with INFLATE_AGAIN,
   *   unless the last outcome was INFLATE_NEEDS_INPUT
   */
  suspendInflate(): () => void;

  /** Appends bytes to a context's ring. Of more than the ring holds, the last count. */
  remember(contextPtr: number, ptr: number, length: number): void;

  /**
   * Deflates a slice of a message, `length` bytes at INPUT_PTR, with the context's history as its dictionary, and remembers
   * the slice in the context. The output, at OUTPUT_PTR, ends at a byte's border behind an empty stored block; with
   * DEFLATE_LAST the last four bytes of that are left off (RFC 7692 section 7.2.1). Never longer than the slice stored.
   *
   * @param windowLength 2^8 to the ring's length: no match reaches further back
   * @param length 0 to INPUT_CAPACITY
   * @param level LEVEL_FASTEST, LEVEL_DEFAULT, LEVEL_SMALLEST, LEVEL_THOROUGH, which is the same as LEVEL_SMALLEST to the portable kernel
   * @returns how many bytes lie at OUTPUT_PTR, at most DEFLATE_OUTPUT_CAPACITY
   */
  deflate(contextPtr: number, windowLength: number, length: number, level: number, flags: number): number;

  /** As `Kernel.transcode`: whole characters of valid UTF-8, at OUTPUT_PTR or in it, to UTF-16 at `outputPtr`. */
  transcode(ptr: number, length: number, outputPtr: number): number;
}
