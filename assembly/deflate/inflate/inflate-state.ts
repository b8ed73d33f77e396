// The work area of inflate: what a message remembers between two calls, and the tables that its blocks are decoded by.
// Holds places and names only.

import { INFLATE_TABLES_PTR, INFLATE_WORK_PTR } from '../../shared/deflate-layout';

// ---- The state of the message that is being inflated: words
//
// A place in the compressed data is the number of its bit, counted from address 0: address * 8 + bit. The memory that input
// lies in ends below 2^20, so a u32 holds it, and no bit buffer outlives a function.

/** Which of the STAGE_… below. */
export const STATE_STAGE = INFLATE_WORK_PTR;
/** The next bit to read, and the address behind the input. */
export const STATE_AT = INFLATE_WORK_PTR + 4;
export const STATE_END = INFLATE_WORK_PTR + 8;
/** Not 0: the block under way has BFINAL. */
export const STATE_FINAL = INFLATE_WORK_PTR + 12;
/** Bytes that a stored block still has. */
export const STATE_STORED = INFLATE_WORK_PTR + 16;
/** What the first step into LITERALS and into DISTANCES looks at: a mask over the next bits, moved up by 2. */
export const STATE_LITERAL_MASK = INFLATE_WORK_PTR + 20;
export const STATE_DISTANCE_MASK = INFLATE_WORK_PTR + 24;
/** Not 0: the tables are those of the fixed codes, maybe from an earlier message. Never cleared but by other tables. */
export const STATE_IS_FIXED = INFLATE_WORK_PTR + 28;
/** The next byte to put out. */
export const STATE_OUT = INFLATE_WORK_PTR + 32;
/** How many bytes lie at PENDING and at CARRIED. */
export const STATE_PENDING = INFLATE_WORK_PTR + 36;
export const STATE_CARRIED = INFLATE_WORK_PTR + 40;
/** What validate() returned for the text so far. */
export const STATE_UTF8 = INFLATE_WORK_PTR + 44;
/** While a header is read: the last code length, times 4, and how often it comes again. */
export const STATE_PREVIOUS = INFLATE_WORK_PTR + 48;
export const STATE_RUN = INFLATE_WORK_PTR + 52;
/** While a header is read: the next bit. STATE_AT stays, lest the header must be read anew. */
export const STATE_HEADER_AT = INFLATE_WORK_PTR + 56;
/** A match that the loop of symbols leaves to be copied elsewhere. */
export const STATE_MATCH_LENGTH = INFLATE_WORK_PTR + 60;
export const STATE_MATCH_DISTANCE = INFLATE_WORK_PTR + 64;
/** What the headers of blocks have cost in this call, and what they may. */
export const STATE_BLOCKS = INFLATE_WORK_PTR + 68;
export const STATE_MAX_BLOCKS = INFLATE_WORK_PTR + 72;
export const STATE_LENGTH = 80;

/** At the border between two blocks. */
export const STAGE_BORDER: u32 = 0;
/** Inside a stored block. */
export const STAGE_STORED: u32 = 1;
/** Inside a block of symbols. */
export const STAGE_SYMBOLS: u32 = 2;
/** An error was found: every further call says so again. */
export const STAGE_FAILED: u32 = 3;

// ---- Bytes that wait for the next call

/** Output past the cap: a match is never cut, it goes on here. At most a match and the literals before it. */
export const PENDING: usize = INFLATE_WORK_PTR + STATE_LENGTH;
const PENDING_CAPACITY = 320;
/**
 * Input that is not used up: less than a symbol, or a block's header (RFC 1951 section 3.2.7: 3 + 14 + 57 bits, then at most
 * 316 code lengths of up to 14 bits), which is read anew when more has come. So nothing stops halfway through either.
 */
export const CARRIED: usize = PENDING + PENDING_CAPACITY;
const CARRIED_CAPACITY = 576;

// ---- Tables

/** The code of the code lengths (3.2.7): a u32 for each value of 7 bits, see inflate-header.ts. */
export const LENGTH_CODES: usize = CARRIED + CARRIED_CAPACITY;
export const LENGTH_CODES_BITS: u32 = 7;
/**
 * Rows of symbols, one row a code length, in the order of the symbols: u16[16][288] and u16[16][32]. The first row takes
 * symbols that have no code, so that nobody need ask, and is never read.
 */
export const LITERAL_ROWS: usize = LENGTH_CODES + (4 << LENGTH_CODES_BITS);
export const LITERAL_ROW_LENGTH = 288 * 2;
export const DISTANCE_ROWS: usize = LITERAL_ROWS + 16 * LITERAL_ROW_LENGTH;
export const DISTANCE_ROW_LENGTH = 32 * 2;
/** Where each row ends so far: u32[16] each. */
export const LITERAL_ENDS: usize = DISTANCE_ROWS + 16 * DISTANCE_ROW_LENGTH;
export const DISTANCE_ENDS: usize = LITERAL_ENDS + 64;
/**
 * Decoding tables, see huffman-decode.ts: as many entries as a primary table of so many bits can need with its subtables
 * (what `enough`, which comes with zlib, counts: 404 of distances, 856 of literals), and what may be written behind them. 10 and 11 bits for literals were no
 * faster at any size from 60 bytes to 60 KB.
 */
export const DISTANCE_TABLE_BITS: u32 = 8;
export const DISTANCES: usize = INFLATE_TABLES_PTR;
const DISTANCES_CAPACITY = 404 * 4;
export const LITERAL_TABLE_BITS: u32 = 9;
export const LITERALS: usize = DISTANCES + DISTANCES_CAPACITY;

