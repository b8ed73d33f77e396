// The places in the work area of deflate (shared/deflate-layout.ts), and the format of its records. A call leaves nothing there that
// a later call relies on, except KNOWN and the hash that it describes.

import { DEFLATE_WORK_PTR, INPUT_PTR, OUTPUT_PTR } from '../../shared/deflate-layout';

export const INPUT: usize = INPUT_PTR;
export const OUTPUT: usize = OUTPUT_PTR;

/** The most bytes that a block stands for. Counters of 16 bits cannot overflow, and codes fit their bytes. */
export const BLOCK_LENGTH: u32 = 0x8000;

// ---- What the match finder makes of a block

/**
 * Literals, then one match, and so on. A record has the count of the literals, which lie in the input one behind the
 * other, and the match in the symbols that stand for it (RFC 1951 section 3.2.5). The last record's symbol is the end
 * of the block, and it has no distance.
 *
 *    0                 20          32        41          46        51               64
 *   ┌──────────────────┬───────────┬─────────┬───────────┬─────────┬────────────────┐
 *   │ literals before  │ length of │ symbol  │ extra     │ distance│ extra          │
 *   │ the match        │ the match │ 256-285 │ bits      │ symbol  │ bits           │
 *   └──────────────────┴───────────┴─────────┴───────────┴─────────┴────────────────┘
 */
export const SEQUENCES: usize = DEFLATE_WORK_PTR + 0x3000;
export const SEQUENCE_LENGTH: usize = 8;
export const LITERALS_MASK: u32 = 0xfffff;
export const MATCH_LENGTH_SHIFT: u32 = 20;
export const END_OF_BLOCK: u32 = 256;

/**
 * A long slice has this instead: a token for each literal, each match, and the end of the block. The token's index is
 * the literal's byte, or follows from the match's length less 3. A token without a distance has the symbol of none, whose
 * code has no bits.
 *
 *    0             10          15            28   32
 *   ┌─────────────┬───────────┬─────────────┬─────┐
 *   │ which token │ distance  │ extra bits  │ 0   │     0-255: literal       512: the end of the block
 *   │             │ symbol    │             │     │     256-511: match       513: nothing
 *   └─────────────┴───────────┴─────────────┴─────┘
 */
export const TOKENS: usize = SEQUENCES;
export const WHICH_TOKEN: u32 = 0x3ff;
export const TOKEN_MATCH: u32 = 256;
export const TOKEN_END: u32 = 512;
export const TOKEN_NOTHING: u32 = 513;
export const TOKEN_DISTANCE_SHIFT: u32 = 10;
export const TOKEN_EXTRA_SHIFT: u32 = 15;
export const NO_DISTANCE: u32 = 30 << TOKEN_DISTANCE_SHIFT;

/** The match finders' tables for a long slice, and of chains: u16 each. */
export const SLICE_HASH: usize = DEFLATE_WORK_PTR + 0x30000;
export const CHAINS: usize = SLICE_HASH + 0x8000;
/**
 * What the slice's hash knows, the one thing here that does outlive a call: u32 each, of which context (0: of none), up to which
 * of its positions, and the hash's mask. It may be anything.
 */
export const KNOWN: usize = DEFLATE_WORK_PTR + 0x960;

// ---- Its symbols: three alphabets, of literals and lengths, of distances, and of code lengths (section 3.2.7)

/** Of these, 286 and 287 never occur. */
export const LITERAL_SYMBOLS: u32 = 288;
/** Of these, 30 and 31 never occur. */
export const DISTANCE_SYMBOLS: u32 = 32;
/** Of these, 19 to 23 never occur. */
export const LENGTH_SYMBOLS: u32 = 24;

/** u16 each: how often a symbol occurs in the block. */
export const LITERAL_FREQUENCIES: usize = DEFLATE_WORK_PTR;
export const DISTANCE_FREQUENCIES: usize = LITERAL_FREQUENCIES + 2 * LITERAL_SYMBOLS;
export const LENGTH_FREQUENCIES: usize = DISTANCE_FREQUENCIES + 2 * DISTANCE_SYMBOLS;

/** u32 each: the symbols that occur, in order, as frequency << 16 | symbol. */
export const LITERALS_USED: usize = DEFLATE_WORK_PTR + 0x400;
export const DISTANCES_USED: usize = DEFLATE_WORK_PTR + 0x880;
export const LENGTHS_USED: usize = DEFLATE_WORK_PTR + 0x900;

/**
 * A code: a u32 for each symbol. The code's bits are in the order in which they are sent, which is the reverse of RFC
 * 1951's; "all bits" counts those of the code and the extra bits that follow it.
 *
 *    0                       16          24          32
 *   ┌───────────────────────┬───────────┬───────────┐
 *   │ code                  │ code bits │ all bits  │
 *   └───────────────────────┴───────────┴───────────┘
 */
export const LITERAL_CODES: usize = DEFLATE_WORK_PTR + 0xa00;
export const DISTANCE_CODES: usize = LITERAL_CODES + 4 * LITERAL_SYMBOLS;
export const LENGTH_CODES: usize = DISTANCE_CODES + 4 * DISTANCE_SYMBOLS;
export const CODE_LENGTH_SHIFT: u32 = 16;
export const ALL_BITS_SHIFT: u32 = 24;

/**
 * A code of tokens: a u32 for each, of which a match's has its length's extra bits as well. It is made of the literals'
 * and lengths' code.
 *
 *    0                                   24          32
 *   ┌───────────────────────────────────┬───────────┐
 *   │ code, extra bits                  │ all bits  │
 *   └───────────────────────────────────┴───────────┘
 */
export const TOKEN_CODES: usize = CHAINS + 0x20000;
export const TOKEN_BITS: u32 = 0xffffff;

/** u16 each, symbol | extra bits << 8: the code lengths of a block as they are sent. */
export const LENGTH_TOKENS: usize = DEFLATE_WORK_PTR + 0x1000;

/** What huffman-encode.ts sorts and counts in. */
export const HUFFMAN_WORK: usize = DEFLATE_WORK_PTR + 0x1400;
