// Huffman codes for a block: from how often each symbol occurs to a canonical code (RFC 1951 section 3.2.2). All that it does takes
// time by the symbols that occur, which are few in a short message.

import { ALL_BITS_SHIFT, CODE_LENGTH_SHIFT, HUFFMAN_WORK } from './deflate-work';
import { reverse } from '../reverse';

/** u32 each: frequency << 16 | symbol, two more than there are symbols. */
const SORTED: usize = HUFFMAN_WORK;
const HALF_SORTED: usize = HUFFMAN_WORK + 0x500;
/** u32 each, for the leaves in sorted order and for the inner nodes: where the parent's depth is. */
const LEAF_PARENTS: usize = HUFFMAN_WORK + 0xa00;
const INNER_PARENTS: usize = HUFFMAN_WORK + 0xf00;
/** u32 each: the weight of an inner node, then its depth. */
const INNER: usize = HUFFMAN_WORK + 0x1400;
/** u16 each: 256 counters of the sort. */
const COUNTERS: usize = HUFFMAN_WORK + 0x1900;
/**
 * u16 each: how many codes there are of each length; then the next code of each length. For a code of n bits the block
 * must have at least as many symbols as the Fibonacci number F(n + 2); BLOCK_LENGTH of them are too few for 22 bits.
 */
const LENGTH_COUNTS: usize = HUFFMAN_WORK + 0x1b00;

/**
 * Lists the symbols that occur, in order, as makeCode takes them.
 *
 * All that occur of 64 symbols are walked in one loop, as each loop's end is mispredicted about once.
 *
 * @param frequencies u16 each, `count` of them; up to 126 bytes behind them are read
 * @returns how many symbols occur
 */
export function listUsed(frequencies: usize, count: u32, used: usize): u32 {
  let out = used;
  for (let symbol: u32 = 0; symbol < count; symbol += 64) {
    const counters = frequencies + (<usize>symbol << 1);
    let set = sixteenUsed(counters) | (sixteenUsed(counters + 32) << 16);
    set |= (sixteenUsed(counters + 64) << 32) | (sixteenUsed(counters + 96) << 48);
    // Behind the alphabet lies what is no concern of it.
    if (count - symbol < 64) set &= (<u64>1 << (count - symbol)) - 1;
    for (; set != 0; set &= set - 1) {
      const at = <u32>ctz<u64>(set);
      store<u32>(out, (<u32>load<u16>(counters + (<usize>at << 1)) << 16) | (symbol + at));
      out += 4;
    }
  }
  return <u32>(out - used) >> 2;
}

/** Which of 16 counters are not 0, as a set of bits. */
// @ts-ignore: decorator
@inline
function sixteenUsed(counters: usize): u64 {
  const low = i16x8.ne(v128.load(counters), i16x8.splat(0));
  const high = i16x8.ne(v128.load(counters, 16), i16x8.splat(0));
  return <u64>i8x16.bitmask(i8x16.narrow_i16x8_s(low, high));
}

/** One pass of a radix sort, by eight bits of each u32; `maximum` is the greatest value that these have. */
function sortBy(shift: u32, maximum: u32, from: usize, to: usize, count: u32): void {
  const countersEnd = COUNTERS + (<usize>maximum << 1) + 2;
  for (let p = COUNTERS; p < countersEnd; p += 16) v128.store(p, i16x8.splat(0));
  const fromEnd = from + (<usize>count << 2);
  for (let p = from; p < fromEnd; p += 4) {
    const counter = COUNTERS + (<usize>((load<u32>(p) >> shift) & 0xff) << 1);
    store<u16>(counter, load<u16>(counter) + 1);
  }
  // How many come before: as the address of the first of each value, less `to`.
  let before: u32 = 0;
  for (let p = COUNTERS; p < countersEnd; p += 2) {
    const here = <u32>load<u16>(p);
    store<u16>(p, before);
    before += here << 2;
  }
  for (let p = from; p < fromEnd; p += 4) {
    const entry = load<u32>(p);
    const counter = COUNTERS + (<usize>((entry >> shift) & 0xff) << 1);
    const offset = <usize>load<u16>(counter);
    store<u16>(counter, <u32>offset + 4);
    store<u32>(to + offset, entry);
  }
}

/** Heavier than any node, also where it is taken for the low half of a sum. */
const HEAVIEST: u32 = 0x3fffffff;

/**
 * Huffman's algorithm on the sorted leaves, at least two: LENGTH_COUNTS become how many codes there are of each length.
 *
 * The two lightest nodes become one, over and over. Leaves and inner nodes are each in order of weight already, so the
 * two lightest are two leaves, two inner nodes, or one of each:
 *
 *   leaves  a ≤ b        two leaves if b ≤ c, two inner nodes if d < a, else one of each;
 *   inner   c ≤ d        the sum is the least of a + b, c + d and a + c.
 *
 * Which of the three is a matter of chance that no branch predictor wins, so it is computed; and both comparisons at
 * once, since each merge must wait for the one before. All four are told who their parent is; of those that stay, each
 * is told anew until it is its turn.
 *
 * @returns how long the longest code is
 */
function countLengths(sorted: usize, count: u32): u32 {
  // Behind the last leaf, and where the next inner nodes come, are two that are heavier than any node.
  store<u64>(sorted + (<usize>count << 2), u64.MAX_VALUE);
  let leaf: usize = 0;
  let inner: usize = 0;
  const root = (<usize>count << 2) - 8;
  store<u32>(INNER, HEAVIEST);
  for (let next: usize = 0; next <= root; next += 4) {
    store<u32>(INNER + next, HEAVIEST, 4);
    const a = load<u32>(sorted + leaf) >> 16;
    const b = load<u32>(sorted + leaf, 4) >> 16;
    const c = load<u32>(INNER + inner);
    const d = load<u32>(INNER + inner, 4);
    const parents = (<u64>next << 32) | <u64>next;
    store<u64>(LEAF_PARENTS + leaf, parents);
    store<u64>(INNER_PARENTS + inner, parents);
    // One of each, one leaf more, or one less: 4 bytes a node.
    const leaves = <usize>4 + (<usize>(b <= c) << 2) - (<usize>(d < a) << 2);
    leaf += leaves;
    inner += 8 - leaves;
    store<u32>(INNER + next, min<u32>(a + c, min<u32>(a + b, c + d)));
  }

  // Depths from the root down: a parent lies behind its children. Weights are no longer needed.
  store<u32>(INNER + root, 1);
  for (let next = <isize>root - 4; next >= 0; next -= 4) {
    store<u32>(INNER + next, load<u32>(INNER + <usize>load<u32>(INNER_PARENTS + next)) + 1);
  }
  for (let p: usize = 0; p < 64; p += 16) v128.store(LENGTH_COUNTS + p, i16x8.splat(0));
  for (let p: usize = 0; p <= root + 4; p += 4) {
    const counter = LENGTH_COUNTS + (<usize>load<u32>(INNER + <usize>load<u32>(LEAF_PARENTS + p)) << 1);
    store<u16>(counter, load<u16>(counter) + 1);
  }
  // The lightest leaf is one of the deepest.
  return load<u32>(INNER + <usize>load<u32>(LEAF_PARENTS));
}

/**
 * Makes no code longer than `limit`. Codes that are too long get that length, which asks for more than there is. A code
 * of length d < limit that becomes an inner node takes a code of length `limit` beside itself: that gives back
 * 2^(limit-d) + 1 - 2 * 2^(limit-d-1) = 1 in units of 2^-limit; so there is an end, and nothing is left over.
 */
function limitLengths(longest: u32, limit: u32): void {
  let asked: u32 = 0;
  let tooLong: u32 = 0;
  for (let length: u32 = 1; length <= longest; length++) {
    const count = <u32>load<u16>(LENGTH_COUNTS + (<usize>length << 1));
    if (length > limit) tooLong += count;
    else asked += count << (limit - length);
  }
  asked += tooLong;
  const atLimit = LENGTH_COUNTS + (<usize>limit << 1);
  store<u16>(atLimit, load<u16>(atLimit) + tooLong);
  for (; asked > <u32>1 << limit; asked--) {
    let counter = atLimit - 2;
    while (load<u16>(counter) == 0) counter -= 2;
    store<u16>(counter, load<u16>(counter) - 1);
    store<u16>(counter, load<u16>(counter, 2) + 2, 2);
    store<u16>(atLimit, load<u16>(atLimit) - 1);
  }
}

/**
 * Makes the code of an alphabet; for symbols that do not occur it writes nothing.
 *
 * @param used the symbols that occur, from listUsed
 * @param extraBits u8 each: the extra bits behind a symbol
 * @param limit the longest code allowed
 * @returns how many bits it takes to send the block's symbols of this alphabet, with their extra bits
 */
export function makeCode(used: usize, count: u32, extraBits: usize, limit: u32, codes: usize): u32 {
  if (count == 0) return 0;
  const usedEnd = used + (<usize>count << 2);
  let sorted = used;
  let longest: u32 = 1;
  if (count > 1) {
    let maximum: u32 = 0;
    for (let p = used; p < usedEnd; p += 4) maximum = max<u32>(maximum, load<u32>(p));
    maximum >>= 16;
    sorted = SORTED;
    if (maximum < 256) {
      sortBy(16, maximum, used, SORTED, count);
    } else {
      sortBy(16, 255, used, HALF_SORTED, count);
      sortBy(24, maximum >> 8, HALF_SORTED, SORTED, count);
    }
    longest = countLengths(SORTED, count);
    if (longest > limit) {
      limitLengths(longest, limit);
      longest = limit;
    }
  } else {
    // The one symbol has a code of one bit (RFC 1951 section 3.2.7).
    store<u16>(LENGTH_COUNTS, 1, 2);
  }

  // The rarest symbols have the longest codes.
  let bits: u32 = 0;
  let p = sorted;
  for (let length = longest; length > 0; length--) {
    const end = p + (<usize>load<u16>(LENGTH_COUNTS + (<usize>length << 1)) << 2);
    for (; p < end; p += 4) {
      const entry = load<u32>(p);
      const symbol = <usize>(entry & 0xffff);
      const all = length + <u32>load<u8>(extraBits + symbol);
      store<u32>(codes + (symbol << 2), (length << CODE_LENGTH_SHIFT) | (all << ALL_BITS_SHIFT));
      bits += (entry >> 16) * all;
    }
  }

  // The codes of one length are numbered in the order of the symbols, behind those of all shorter ones (section 3.2.2).
  let code: u32 = 0;
  for (let length: u32 = 1; length <= longest; length++) {
    const counter = LENGTH_COUNTS + (<usize>length << 1);
    const here = <u32>load<u16>(counter);
    store<u16>(counter, code);
    code = (code + here) << 1;
  }
  for (let p = used; p < usedEnd; p += 4) {
    const entry = codes + (<usize>load<u16>(p) << 2);
    const value = load<u32>(entry);
    const length = (value >> CODE_LENGTH_SHIFT) & 0xff;
    const counter = LENGTH_COUNTS + (<usize>length << 1);
    const next = <u32>load<u16>(counter);
    store<u16>(counter, next + 1);
    store<u32>(entry, value | (reverse(next) >> (16 - length)));
  }
  return bits;
}
