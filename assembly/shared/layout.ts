// The memory map and the records that cross the border between JavaScript and the kernel. Imported by assembly/ and by
// src/, so it holds literals only and imports nothing. All numbers are little-endian; all addresses are byte addresses
// in the one linear memory, which never grows: views made on it once stay valid for the life of the realm.

// ---- The memory map
//
//   0x00000 ┌──────────────────────────────┐
//           │ tables of the kernel         │  written by the module's data segments, read-only
//   0x02000 ├──────────────────────────────┤
//           │ decode state (64 B)          │  copied in before decode(), copied out after it
//   0x02400 ├──────────────────────────────┤
//           │ frame records (4096 × 16 B)  │  written by decode()
//   0x12400 ├──────────────────────────────┤
//           │ guard                        │
//   0x12440 ├──────────────────────────────┤
//           │ chunk (64 KiB)               │  bytes from the peer, unmasked in place
//   0x22440 ├──────────────────────────────┤
//           │ guard                        │
//   0x22880 ├──────────────────────────────┤
//           │ scratch (64 KiB)             │  encode, mask, validate; decode never touches it
//   0x32880 ├──────────────────────────────┤
//           │ guard                        │
//   0x33000 ├──────────────────────────────┤
//           │ UTF-16 text (128 KiB + 32 B) │  transcode
//   0x53020 ├──────────────────────────────┤
//           │ guard                        │
//   0x60000 └──────────────────────────────┘
//
// SIMD may read up to GUARD_LENGTH bytes past a region and never writes there. The chunk begins 0x440 bytes into a
// 4 KiB page and the scratch 0x880 bytes: buffers of a host begin near a page's start, and on AMD a copy of 4 KiB or more
// whose destination lies 1 to 31 bytes above its source modulo 4 KiB is 20 times slower (docs/background/performance.md).

export const PAGE_LENGTH = 0x10000;
export const MEMORY_PAGES = 6;
export const GUARD_LENGTH = 64;

export const STATE_PTR = 0x02000;
export const RECORDS_PTR = 0x02400;
export const RECORD_CAPACITY = 4096;
export const CHUNK_PTR = 0x12440;
/** The most bytes that one decode() takes, and so what a larger chunk is cut into. */
export const CHUNK_CAPACITY = 0x10000;
/** Up to MAX_HEADER_LENGTH bytes before this address belong to the scratch: encode() writes the header there. */
export const SCRATCH_PTR = 0x22880;
export const SCRATCH_CAPACITY = 0x10000;
/** Where the UTF-16 of up to SCRATCH_CAPACITY bytes of UTF-8 has room. */
export const TEXT_PTR = 0x33000;

// ---- A frame record: one frame, or the piece of a frame that lay in this chunk (16 bytes)
//
//    0        1        2         3          4            8            12          16
//   ┌────────┬────────┬─────────┬──────────┬────────────┬────────────┬───────────┐
//   │ first  │ flags  │ message │ header   │ ptr        │ length     │ masking   │
//   │ byte   │        │ opcode  │ length   │ u32        │ u32        │ key u32   │
//   └────────┴────────┴─────────┴──────────┴────────────┴────────────┴───────────┘
//
// first byte: FIN, RSV and opcode as on the wire. message opcode: the opcode of the message that a data frame belongs
// to (what a continuation continues), with RSV1 set in it where that message is compressed; 0 for a control frame.
// header length: the length of the frame's header on the wire, in bytes, in the record with RECORD_START, else 0.
// ptr, length: this piece of the payload, unmasked. masking key: the four bytes as on the wire, first byte lowest; 0
// where the frame is not masked. A frame that is not whole in the chunk makes a record with RECORD_START as soon as its
// header is complete (its length may be 0), then one a chunk, the last with RECORD_END. Its full payload length stands
// in the state.

export const RECORD_LENGTH = 16;
export const RECORD_FIRST_BYTE = 0;
export const RECORD_PTR = 4;
export const RECORD_PAYLOAD_LENGTH = 8;
export const RECORD_MASKING_KEY = 12;

/** The frame's header ended in this chunk. */
export const RECORD_START = 0x01;
/** The frame's payload ended in this chunk. */
export const RECORD_END = 0x02;
/** The frame is masked. */
export const RECORD_MASKED = 0x04;
/** A piece of an uncompressed text message, or of a Close frame, that holds bytes below 0x80 only. Set for an empty piece. */
export const RECORD_ASCII = 0x08;

// ---- The state of one connection's decoder between two chunks (64 bytes, owned by JavaScript)
//
//    0         1       2        3       4         5       6       7       8            12           16
//   ┌─────────┬───────┬────────┬───────┬─────────┬───────┬───────┬───────┬────────────┬────────────┐
//   │ options │ stage │ header │ first │ message │ frame │ close │ error │ utf8       │ masking    │
//   │         │       │ length │ byte  │ opcode  │ flags │ byte  │       │ state u32  │ key u32    │
//   ├─────────┴───────┴────────┴───────┴─────────┴───────┴───────┴───────┼────────────┴────────────┤
//   │ 16: payload length u64      (STAGE_HEADER: 16-29 hold the bytes    │ 24: remaining u64       │
//   │                              of a header that is not yet whole)    │                         │
//   ├────────────────────────────────────────────────────────────────────┼─────────────────────────┤
//   │ 32: message length u64                                             │ 40: max frame length u64│
//   ├────────────────────────────────────────────────────────────────────┼────────────┬────────────┤
//   │ 48: max message length u64                                         │ 56:consumed│ 60: error  │
//   │                                                                    │ u32        │ offset i32 │
//   └────────────────────────────────────────────────────────────────────┴────────────┴────────────┘
//
// A fresh state is zeros but for options and the two limits. Between two frames all that tells of the frame under way is
// zero again (header length, first byte, frame flags, close byte, masking key, 16-31); between two messages message
// opcode, utf8 state and message length are too; in STAGE_CLOSED and STAGE_FAILED bytes 2-6 and 8-39 are zero.
//
// header length: in STAGE_HEADER, how many header bytes are held at 16; in STAGE_PAYLOAD 0. first byte, masking key,
// payload length, remaining: the frame under way. frame flags: RECORD_MASKED or 0. message opcode: as in the record, of
// the data message that is under way (0: none). close byte: the first byte of a close code that was cut in two; 0 once
// the second has come. utf8 state: what validate() returned; it belongs to the open text message, and from the first
// byte of a Close frame on to its reason. message length: payload bytes of the frames of the open message that came before the
// frame under way. consumed, error, error offset: the outcome of the last decode(); the offset is relative to the chunk's
// start and negative where the byte at fault came in an earlier chunk. After an error or a Close frame consumed is the length
// of the chunk; error and its offset then stay as they were.

// A state's limits stay as they are once bytes were decoded, and are at most 2^53 - 1. States and records lie at multiples
// of 16.

export const STATE_LENGTH = 64;
export const STATE_OPTIONS = 0;
export const STATE_STAGE = 1;
export const STATE_HEADER_LENGTH = 2;
export const STATE_FIRST_BYTE = 3;
export const STATE_MESSAGE_OPCODE = 4;
export const STATE_FRAME_FLAGS = 5;
export const STATE_CLOSE_BYTE = 6;
export const STATE_ERROR = 7;
export const STATE_UTF8 = 8;
export const STATE_MASKING_KEY = 12;
export const STATE_HEADER_BYTES = 16;
export const STATE_FRAME_LENGTH = 16;
export const STATE_REMAINING = 24;
export const STATE_MESSAGE_LENGTH = 32;
export const STATE_MAX_FRAME_LENGTH = 40;
export const STATE_MAX_MESSAGE_LENGTH = 48;
export const STATE_CONSUMED = 56;
export const STATE_ERROR_OFFSET = 60;

/** A frame without a mask is an error: the decoder of a server. Neither this nor the next: both are taken. */
export const OPTION_REQUIRE_MASKED = 0x01;
/** A frame with a mask is an error: the decoder of a client. */
export const OPTION_REQUIRE_UNMASKED = 0x02;
/** Text and close reasons are not validated (for relays that pass bytes on without looking at them). */
export const OPTION_SKIP_UTF8 = 0x04;
/** An extension owns RSV1: it may stand on the first frame of a data message. The same bit as on the wire. */
export const OPTION_ALLOW_RSV1 = 0x40;

/** Between two frames or inside a header. */
export const STAGE_HEADER = 0;
/** Inside a payload. */
export const STAGE_PAYLOAD = 1;
/** A whole Close has been read: what follows is dropped. */
export const STAGE_CLOSED = 2;
/** The input broke a rule: what follows is dropped. */
export const STAGE_FAILED = 3;

// ---- What validate() takes and returns: a UTF-8 state in one u32
//
//    31      30-25    24      23-16      15-8       7-0
//   ┌───────┬────────┬───────┬──────────┬──────────┬────────┐
//   │ error │ 0      │ ascii │ highest  │ lowest   │ needed │    no error
//   │ 0     │        │       │ next     │ next     │        │
//   ├───────┼────────┴───────┴──────────┴──────────┴────────┤
//   │ 1     │ offset of the first bad byte                  │    error
//   └───────┴───────────────────────────────────────────────┘
//
// needed: how many continuation bytes the character under way still lacks (0-3); lowest and highest: the range that the
// next of them must lie in. At the border between two characters all three are 0. ascii: every byte of this call was
// below 0x80 and no character was under way (set for an empty input at a border). It is no part of the state: clear it
// before handing the state back in.

// The error bit is the sign: as a signed number, a result below 0 is an error.

export const UTF8_OFFSET_BITS = 0x7fffffff;
export const UTF8_ASCII = 0x01000000;
export const UTF8_STATE_BITS = 0x00ffffff;
