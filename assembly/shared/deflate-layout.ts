// The memory map of the deflate module, and the context that a connection's compression keeps between messages. Imported by
// assembly/deflate and by src/, so it holds literals only and imports nothing. All numbers are little-endian; all
// addresses are byte addresses in the module's own linear memory. That memory is sized once, when the module is made (a
// fixed part, then as many pages of pool as were asked for), and never grows afterwards: views on it stay valid.

// ---- The memory map
//
//   0x00000 ┌──────────────────────────────┐
//           │ constants of the module      │  data segments, read-only
//   0x02000 ├──────────────────────────────┤
//           │ outcome of inflate (64 B)    │  what a call has to say beside its result
//   0x02040 ├──────────────────────────────┤
//           │ work area of inflate         │  state, pending bytes, decoding tables: one message at a time
//   0x08000 ├──────────────────────────────┤
//           │ work area of deflate         │  symbols, frequencies, codes, hash of the slice: one slice at a time; the hash
//           │                              │  may serve the next slice too (KNOWN in deflate-work.ts)
//   0xa0000 ├──────────────────────────────┤
//           │ guard                        │  what belongs before the input: deflate's history, reaching further down,
//           │                              │  or what inflate has left of a message's last piece
//   0xa0440 ├──────────────────────────────┤
//           │ input (64 KiB)               │  JavaScript copies it in: compressed bytes, or bytes to compress
//   0xb0440 ├──────────────────────────────┤
//           │ guard                        │
//   0xb0880 ├──────────────────────────────┤
//           │ output (64 KiB + 1 KiB)      │  what came out; JavaScript copies it out
//   0xc0c80 ├──────────────────────────────┤
//           │ guard (also for over-writes) │
//   0xc1000 ├──────────────────────────────┤
//           │ UTF-16 text (128 KiB + 32 B) │  transcode
//   0xe1020 ├──────────────────────────────┤
//           │ guard                        │
//   0xe2000 ├──────────────────────────────┤
//           │ shared contexts              │  of messages that need no takeover: one for inflate, one for deflate
//   0x100000├──────────────────────────────┤
//           │ pool                         │  contexts of connections, handed out by JavaScript
//           └──────────────────────────────┘  to the end of the memory
//
// Input and output begin at odd places in a 4 KiB page for the reason given in ./layout.ts.

export const PAGE_LENGTH = 0x10000;
/** Pages of the memory without a pool. */
export const DEFLATE_PAGES = 16;
export const OUTCOME_PTR = 0x02000;
export const INFLATE_WORK_PTR = 0x02040;
export const INFLATE_WORK_END = 0x08000;
/**
 * What a message that is not done has in the work area, in two parts: its state with the bytes that are pending, and the decoding
 * tables of its block. Other messages can be inflated in between if both are copied out, and in again afterwards.
 */
export const INFLATE_STATE_PTR = INFLATE_WORK_PTR;
export const INFLATE_STATE_LENGTH = 976;
export const INFLATE_TABLES_PTR = 0x04e90;
export const INFLATE_TABLES_LENGTH = 5040;
export const DEFLATE_WORK_PTR = 0x08000;
export const INPUT_PTR = 0xa0440;
/** The most bytes that one inflate() or deflate() takes: longer input is given in slices. */
export const INPUT_CAPACITY = 0x10000;
export const OUTPUT_PTR = 0xb0880;
/** The most bytes that one inflate() puts out; deflate() may put out 1 KiB more, for input that does not compress. */
export const OUTPUT_CAPACITY = 0x10000;
export const DEFLATE_OUTPUT_CAPACITY = 0x10400;
/** Where the UTF-16 of OUTPUT_CAPACITY bytes of UTF-8 has room. */
export const DEFLATE_TEXT_PTR = 0xc1000;
/** A context of MAX_WINDOW_LENGTH for messages inflated without takeover. */
export const SHARED_INFLATE_CONTEXT_PTR = 0xe2000;
/** A context of MAX_WINDOW_LENGTH, MAX_HASH_BITS for messages deflated without takeover. */
export const SHARED_DEFLATE_CONTEXT_PTR = 0xec000;
export const POOL_PTR = 0x100000;

/** RFC 7692 section 7.1.2: windows have 2^8 to 2^15 bytes. */
export const MIN_WINDOW_BITS = 8;
export const MAX_WINDOW_BITS = 15;
export const MAX_WINDOW_LENGTH = 0x8000;
/** A deflate context's hash has room for 2^8 to 2^12 positions. */
export const MIN_HASH_BITS = 8;
export const MAX_HASH_BITS = 12;

// ---- A context: what one direction of one connection remembers between messages
//
//    0             4            8           12          16                         16 + ring length + 32
//   ┌─────────────┬────────────┬───────────┬───────────┬─────────────────┬────────┬───────────────────────┐
//   │ ring length │ position   │ history   │ hash bits │ ring            │ guard  │ hash: 2 << bits bytes │
//   │ u32         │ u32        │ u32       │ u32       │                 │ 32 B   │ (deflate only)        │
//   └─────────────┴────────────┴───────────┴───────────┴─────────────────┴────────┴───────────────────────┘
//
// ring length: a power of two, 2^8 to 2^15. position: how many bytes were ever remembered, modulo 2^32; the next one goes to
// ring[position & (ring length - 1)]. history: how many of the bytes before the position are valid, at most the ring length.
// A match may reach that far back and no further; a context whose history is set to 0 begins afresh. hash bits: 0 in a
// context of inflate. The hash holds the low 16 bits of positions: at LEVEL_FASTEST one in a place of 16 bits, at LEVEL_DEFAULT
// two in a bucket of 32; LEVEL_SMALLEST uses the hash of the work area instead. Its content may be stale or anything: a
// candidate's distance is checked against the history and its bytes are compared. So contexts need no clearing when they change
// hands, except for the header. Contexts lie at multiples of 16.

export const CONTEXT_RING_LENGTH = 0;
export const CONTEXT_POSITION = 4;
export const CONTEXT_HISTORY = 8;
export const CONTEXT_HASH_BITS = 12;
export const CONTEXT_RING = 16;
export const CONTEXT_GUARD = 32;

// ---- What inflate() says beside its result: words at OUTCOME_PTR

/** One of INFLATE_DONE, INFLATE_NEEDS_INPUT, INFLATE_NEEDS_OUTPUT, or an error below 0. */
export const OUTCOME_STATUS = 0;
/** The UTF-8 state of the message after this output, with the ASCII flag of this output, as in ./layout.ts. */
export const OUTCOME_UTF8 = 4;
/** How many bytes of the input are not used up, with the four that were put behind it. */
export const OUTCOME_LEFT = 8;
/** What the headers of this call's blocks cost: HEADER_COST for each that brings codes, 1 for any other. */
export const OUTCOME_BLOCKS = 12;

/** The message is whole. */
export const INFLATE_DONE = 0;
/** All input was taken; more must come. */
export const INFLATE_NEEDS_INPUT = 1;
/** The output is as long as was allowed and more is to come: take it, remember() it, call again with length 0. */
export const INFLATE_NEEDS_OUTPUT = 2;
/** The blocks of this call cost as much as was allowed. Go on as after INFLATE_NEEDS_OUTPUT. */
export const INFLATE_PAUSED = 3;
/** The compressed data breaks RFC 1951, or ends inside a block. */
export const INFLATE_ERROR_DATA = -1;
/** The text that came out is not UTF-8. */
export const INFLATE_ERROR_UTF8 = -2;

/** inflate(): a message begins with this input. */
export const INFLATE_FIRST = 0x01;
/** inflate(): the message ends with this input; the kernel puts the four bytes `00 00 ff ff` behind it. */
export const INFLATE_LAST = 0x02;
/** inflate(): the message is text, to be validated as UTF-8. */
export const INFLATE_TEXT = 0x04;
/** Flag: the context is to remember what this call puts out, if it ends the message (one call less than `remember`). */
export const INFLATE_KEEP = 0x08;
/**
 * Flag, after INFLATE_NEEDS_OUTPUT or INFLATE_PAUSED: the input has been put at INPUT_PTR again, as something else may have been there
 * since. It begins with the byte that the last call stopped in, see OUTCOME_LEFT, and may be longer or shorter than it was.
 */
export const INFLATE_AGAIN = 0x10;
/** From this bit on the flags hold what the headers of blocks may cost in the call, see OUTCOME_BLOCKS; 0: anything. */
export const INFLATE_BLOCKS_SHIFT = 8;
/** What the header of a block with dynamic codes costs: building the codes' tables takes so many times what other headers do. */
export const HEADER_COST = 64;

/** deflate(): the message ends with this slice; the four bytes `00 00 ff ff` are taken off. */
export const DEFLATE_LAST = 0x01;

/** deflate(): how much effort. */
export const LEVEL_FASTEST = 1;
export const LEVEL_DEFAULT = 2;
export const LEVEL_SMALLEST = 3;
/** The same, with all of the history, for messages that so many receive that deflating them costs next to nothing. */
export const LEVEL_THOROUGH = 4;
