// Lengths at which one way gets faster than another, as measured on Node 20 and 26, Bun and browsers. Each names the bench case that
// shows its effect: run that case in turns with the old value before you change one. A limit that is not about speed stands where it
// is used.

/** Up to this length a copy is a loop: `subarray` and `set` together cost some 60 ns whatever the length. Bench: `decode/messages`. */
export const COPY_LOOP_LENGTH = 32;
/** The same against a call of `Buffer.prototype.copy`. Bench: `deflate/inflate`. */
export const BUFFER_COPY_LOOP_LENGTH = 24;
/** The same for a whole payload, which needs no `subarray`: `set` costs as much as 10 turns of the loop. Bench: `encode/server/binary`. */
export const SET_LOOP_LENGTH = 10;
/** Up to this length a mask is a loop in JavaScript: beyond, two copies and a call of the kernel cost less. Bench: `mask/copy`. */
export const MASK_LOOP_LENGTH = 80;
/**
 * How much is masked at a time in the arena's scratch: with the bytes' own place it stays in the first cache (32 KiB: from 64 KiB on
 * 0.8 times as fast in Node, Deno and Bun; 4 KiB: 0.85). Bench: `mask/copy`.
 */
export const MASK_SLAB_LENGTH = 8 * 1024;
/**
 * Up to this length the kernel validates a caller's buffer, beyond it Node's `isUtf8`: it needs no copy, and reads 64 bytes at once where
 * the machine can. Bench: `utf8/cjk`.
 */
export const UTF8_KERNEL_LENGTH = 32;

/**
 * Where the host decodes UTF-8 fast, it decodes every text up to this length, and beyond it those that are not runs of three-byte
 * characters: the kernel takes four of these at once (Node 26, CJK: 75 ns against 70 at 128 bytes, 85 against 103 at 256). Bench:
 * `decode/messages/latin`, `decode/messages/cjk`.
 */
export const HOST_UTF8_LENGTH = 128;

/** Up to this many UTF-16 units a string is written by a loop, as long as it is ASCII. Bench: `encode/server/text`. */
export const WRITE_LOOP_UNITS = 16;
/**
 * Strings of more units are measured before room is made for them: three bytes a unit, the most that UTF-8 takes, would be far too much.
 * Bench: `encode/server/text`.
 */
export const MEASURED_UNITS = 4096;
/**
 * Without Buffer, up to this length ASCII is read by `String.fromCharCode`: a TextDecoder takes longer (Chromium, 32 bytes: 680 ns
 * against 285). Bench: `decode/messages`, in a browser.
 */
export const READ_LOOP_LENGTH = 64;

/**
 * Engines keep the bytes of typed arrays up to this length in the heap: they cost a tenth of those that have a buffer. Bench:
 * `decode/messages`.
 */
export const HEAP_LENGTH = 64;
/**
 * Where no buffer is cut from a common one, up to this length a zeroed array is faster: asking a typed array of JavaScriptCore for its
 * ArrayBuffer, to make another view on it, costs 0.4 µs. Bench: `deflate/inflate`, in Bun.
 */
export const ZEROED_LENGTH = 4096;
/** Up to this length a copy shares its ArrayBuffer with others. Bench: `deflate/inflate`. */
export const COMMON_COPY_LENGTH = 1024;
/**
 * Up to this length a view of the start of a region is made once for each length and kept (views-by-length.ts): making one costs more
 * than copying what it shows. It is a message of 1 KiB with the longest header that it can have. Bench: `decode/single`,
 * `deflate/inflate`.
 */
export const KEPT_VIEW_LENGTH = 1024 + 8;

/**
 * The longest slab of frames that is kept for reuse: it holds the replies to a chunk of 64 KiB. Once this much is gathered, Node writes
 * it. There a payload of this length is not copied but written where it lies, behind its header; at half of it, that gains nothing.
 * Bench: `echo`.
 */
export const MAX_SLAB_LENGTH = 128 * 1024;
/**
 * From this length on a prepared frame that has to wait is passed on by reference, because a copy then costs more than a segment of its
 * own. An estimate: no case of the benchmark has set it.
 */
export const PREPARED_REFERENCE_LENGTH = 4 * 1024;

/**
 * From this length on a payload that lies whole in its chunk is read there, without the kernel, where the host masks and validates
 * itself: a call for each frame then costs less than two copies. Bench: `decode/single`, `decode/messages`.
 */
export const LONG_PAYLOAD_LENGTH = 8 * 1024;
/**
 * From this length on a text that becomes a string is gathered in memory that is used again: fresh memory costs more than to fill it.
 * Bench: `decode/messages/ascii`.
 */
export const LENT_TEXT_LENGTH = 16 * 1024;
/**
 * From this length on a part of a payload goes straight to the buffer of its message. The kernel reads its frame's header and its last
 * byte. Bench: `decode/messages/binary`.
 */
export const LONG_PART_LENGTH = 32 * 1024;
