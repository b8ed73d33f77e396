// Writes bits to the output, the least significant first (RFC 1951 section 3.1.1): stored blocks, code lengths, and sequences in
// their codes. It does not find matches or make codes.
//
// The position in the output is a number of bits, counted from OUTPUT. In the byte that it points into, only the bits before it are
// valid.

import {
  ALL_BITS_SHIFT,
  CODE_LENGTH_SHIFT,
  END_OF_BLOCK,
  LENGTH_CODES,
  LENGTH_TOKENS,
  LITERALS_MASK,
  MATCH_LENGTH_SHIFT,
  OUTPUT,
  SEQUENCES,
  SEQUENCE_LENGTH,
} from './deflate-work';

/** A literal of no bits, for the loops that put more literals than there are: a symbol that never occurs. */
const NOTHING: u32 = 287;

/** A code length of no bits, for the same. */
const NO_TOKEN: u16 = 23;

/** The output byte in which `position` falls, and in it the bits before. */
// @ts-ignore: decorator
@inline
export function byteAt(position: u32): usize {
  return OUTPUT + <usize>(position >> 3);
}
// @ts-ignore: decorator
@inline
export function bitsBefore(position: u32): u64 {
  return <u64>(<u32>load<u8>(byteAt(position)) & ((1 << (position & 7)) - 1));
}

/** Puts at most 57 bits; those of `bits` beyond `count` are 0. */
export function putBits(position: u32, bits: u64, count: u32): u32 {
  store<u64>(byteAt(position), bitsBefore(position) | (bits << (position & 7)));
  return position + count;
}

/** Puts bytes in stored blocks (section 3.2.4) of at most 65,535 each. */
export function putStored(position: u32, ptr: usize, length: u32): u32 {
  while (length > 0) {
    const here = min<u32>(length, 0xffff);
    // BFINAL 0, BTYPE 00, then zeros to the byte's border; LEN and its complement.
    position = (putBits(position, 0, 3) + 7) & ~7;
    position = putBits(position, here | (~here << 16), 32);
    memory.copy(byteAt(position), ptr, here);
    position += here << 3;
    ptr += here;
    length -= here;
  }
  return position;
}

/** Puts the tokens from LENGTH_TOKENS to `end`: the code lengths of a dynamic block. */
export function putLengthTokens(position: u32, end: usize): u32 {
  let out = byteAt(position);
  let count = <u64>(position & 7);
  let bits = bitsBefore(position);
  // Two at a time, of at most 14 bits each; behind the last is one of no bits.
  store<u16>(end, NO_TOKEN);
  for (let p = LENGTH_TOKENS; p < end; p += 4) {
    const two = load<u32>(p);
    const first = load<u32>(LENGTH_CODES + (<usize>(two & 0xff) << 2));
    bits |= <u64>((first & 0xffff) | (((two >> 8) & 0xff) << ((first >> CODE_LENGTH_SHIFT) & 0xff))) << count;
    count += first >> ALL_BITS_SHIFT;
    const second = load<u32>(LENGTH_CODES + (<usize>((two >> 16) & 0xff) << 2));
    bits |= <u64>((second & 0xffff) | ((two >> 24) << ((second >> CODE_LENGTH_SHIFT) & 0xff))) << count;
    count += second >> ALL_BITS_SHIFT;
    store<u64>(out, bits);
    out += <usize>(count >> 3);
    bits >>= count & 0x38;
    count &= 7;
  }
  return (<u32>(out - OUTPUT) << 3) | <u32>count;
}

/**
 * Puts the sequences, whose literals begin at `p`, in a code of literals and one of distances.
 *
 * Eight bytes are stored at a time and the whole bytes among them count; up to 7 bits stay, so that there is room for
 * four literals (7 + 4 * 14 bits) or a match (7 + 14 + 5 + 15 + 13). Four literals are put before each match, whether
 * there are so many or not: those that are not have no bits. To ask each time would cost more, since the answer cannot
 * be predicted.
 */
export function putSequences(position: u32, p: usize, literalCodes: usize, distanceCodes: usize): u32 {
  let out = byteAt(position);
  let count = <u64>(position & 7);
  let bits = bitsBefore(position);
  let sequence = SEQUENCES;
  for (;;) {
    const lengths = load<u32>(sequence);
    const match = load<u32>(sequence, 4);
    let left = <i32>(lengths & LITERALS_MASK);
    const next = p + left + (lengths >> MATCH_LENGTH_SHIFT);
    do {
      const four = load<u32>(p);
      const a = load<u32>(literalCodes + (<usize>(left > 0 ? four & 0xff : NOTHING) << 2));
      const b = load<u32>(literalCodes + (<usize>(left > 1 ? (four >> 8) & 0xff : NOTHING) << 2));
      const c = load<u32>(literalCodes + (<usize>(left > 2 ? (four >> 16) & 0xff : NOTHING) << 2));
      const d = load<u32>(literalCodes + (<usize>(left > 3 ? four >> 24 : NOTHING) << 2));
      bits |= <u64>(a & 0xffff) << count;
      count += a >> ALL_BITS_SHIFT;
      bits |= <u64>(b & 0xffff) << count;
      count += b >> ALL_BITS_SHIFT;
      bits |= <u64>(c & 0xffff) << count;
      count += c >> ALL_BITS_SHIFT;
      bits |= <u64>(d & 0xffff) << count;
      count += d >> ALL_BITS_SHIFT;
      store<u64>(out, bits);
      out += <usize>(count >> 3);
      bits >>= count & 0x38;
      count &= 7;
      p += 4;
      left -= 4;
    } while (left > 0);
    p = next;

    const symbol = match & 0x1ff;
    const code = load<u32>(literalCodes + (<usize>symbol << 2));
    bits |= <u64>((code & 0xffff) | (((match >> 9) & 0x1f) << ((code >> CODE_LENGTH_SHIFT) & 0xff))) << count;
    count += code >> ALL_BITS_SHIFT;
    if (symbol == END_OF_BLOCK) break;
    const distance = load<u32>(distanceCodes + (<usize>((match >> 14) & 0x1f) << 2));
    bits |= <u64>((distance & 0xffff) | ((match >> 19) << ((distance >> CODE_LENGTH_SHIFT) & 0xff))) << count;
    count += distance >> ALL_BITS_SHIFT;
    store<u64>(out, bits);
    out += <usize>(count >> 3);
    bits >>= count & 0x38;
    count &= 7;
    sequence += SEQUENCE_LENGTH;
  }
  store<u64>(out, bits);
  return (<u32>(out - OUTPUT) << 3) + <u32>count;
}
