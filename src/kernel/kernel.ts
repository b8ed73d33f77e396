// The seam between TypeScript and the inner loop: what every kernel offers. Both implementations (wasm/wasm.ts, portable/portable.ts)
// work on the memory map and the records of assembly/shared/layout.ts, so everything above this file exists once.

/** The name of a kernel: WebAssembly SIMD, or the portable one in TypeScript. Both give the same results. */
export type KernelName = 'wasm' | 'portable';

/**
 * The inner loop: bytes and the RFC's rules, over one memory that never grows.
 *
 * No function throws or allocates; addresses and lengths must lie inside the regions of `assembly/shared/layout.ts`. Numbers
 * named `…Key` hold the four bytes of a masking key as one 32-bit integer, the first byte lowest.
 */
export interface Kernel {
  /** Which implementation this is. */
  readonly name: KernelName;
  /** The linear memory, `MEMORY_PAGES * PAGE_LENGTH` bytes; the same object for the life of the kernel. */
  readonly memory: ArrayBuffer;

  /**
   * Parses, checks, unmasks (in place) and validates the frames in a chunk.
   *
   * Resumes from the 64-byte state at `statePtr` and leaves in it what the next chunk needs, and the outcome: how many
   * bytes were consumed, the error (a code of `assembly/shared/protocol.ts`, or 0) and its offset. Stops early when the record
   * table is full: call it again with the rest. Once a whole Close frame was read, or a rule was broken, it consumes and drops
   * whatever it is given.
   *
   * Rules are checked in this order; behind each, which byte the error offset names, counted from the header's start.
   * As soon as two bytes are there: RSV2, RSV3, or RSV1 where it is not allowed or not on a frame that begins a data
   * message (0); reserved opcode (0); continuation with no message open (0); text or binary with a message open (0);
   * control frame without FIN (0); masked or not as the options demand (1); control frame of more than 125 bytes (1);
   * Close of 1 byte (1). Once the header is whole: top bit of a 64-bit length (2); length not in its shortest form (2);
   * for data frames, length over the frame limit (1), then over what the message limit leaves (1). In the payload: a
   * Close's code (the code's first byte); text or close reason (the first byte that no continuation can mend, or, where
   * the message ends inside a character, the place just behind its last byte).
   *
   * The piece of payload in which an error was found makes no record.
   *
   * @returns how many frame records were written to `recordsPtr`
   */
  decode(statePtr: number, chunkPtr: number, length: number, recordsPtr: number, recordCapacity: number): number;

  /**
   * Writes a frame's header so that it ends at `payloadPtr`, and masks the payload that lies there in place.
   *
   * @param length bytes of payload that lie at `payloadPtr`
   * @param firstByte FIN, RSV bits and opcode
   * @param payloadLength bytes of payload of the whole frame, up to 2^53 - 1; more than `length` where the rest follows
   *   (mask it with `mask`, its phase being the number of bytes before it)
   * @param masked 1 to mask, 0 not to
   * @returns the length of the header, 2 to 14 bytes
   */
  encode(
    payloadPtr: number,
    length: number,
    firstByte: number,
    payloadLength: number,
    masked: number,
    maskingKey: number,
  ): number;

  /** XORs bytes with a masking key in place; the first byte meets the key's byte `phase` (0-3). */
  mask(ptr: number, length: number, maskingKey: number, phase: number): void;

  /**
   * Validates UTF-8 (Unicode 15, table 3-7), resuming from `state`, which is 0 at the start of a text.
   *
   * @returns the new state with the ASCII flag, or below 0 with the offset of the first bad byte: see
   * `assembly/shared/layout.ts`
   */
  validate(ptr: number, length: number, state: number): number;

  /**
   * Transcodes whole characters of valid UTF-8 to UTF-16, little-endian.
   *
   * @param outputPtr an even address, with room for `2 * length + 32` bytes
   * @returns how many UTF-16 units were written
   */
  transcode(ptr: number, length: number, outputPtr: number): number;
}
