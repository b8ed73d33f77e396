// Tokens → bits. Knows codes, not how tokens or codes came about.

import { bitsBefore, byteAt } from './bit-writer';
import {
  ALL_BITS_SHIFT,
  CODE_LENGTH_SHIFT,
  NO_DISTANCE,
  OUTPUT,
  TOKEN_BITS,
  TOKEN_CODES,
  TOKEN_DISTANCE_SHIFT,
  TOKEN_EXTRA_SHIFT,
  TOKEN_NOTHING,
  TOKENS,
  WHICH_TOKEN,
} from './deflate-work';

/**
 * Puts the tokens in TOKEN_CODES and a code of distances, two a turn.
 *
 * Of each of the two codes of a token it is known at once how long it is, so a token's bits are put together beside the
 * bits that wait, and only shifting them there has to wait for the token before. Two tokens are rarely longer than 56
 * bits (with the 7 that wait 63, which is as far as a shift can go): then the first is stored by itself.
 */
export function putTokens(position: u32, count: u32, distanceCodes: usize): u32 {
  let out = byteAt(position);
  let held = <u64>(position & 7);
  let bits = bitsBefore(position);
  const end = TOKENS + (<usize>count << 2);
  // Where their number is odd.
  store<u32>(end, TOKEN_NOTHING | NO_DISTANCE);
  for (let p = TOKENS; p < end; p += 8) {
    const first = load<u32>(p);
    const firstCode = load<u32>(TOKEN_CODES + (<usize>(first & WHICH_TOKEN) << 2));
    const firstDistance = load<u32>(distanceCodes + (<usize>((first >> TOKEN_DISTANCE_SHIFT) & 0x1f) << 2));
    const firstCount = (firstCode >> ALL_BITS_SHIFT) + (firstDistance >> ALL_BITS_SHIFT);
    const second = load<u32>(p, 4);
    const secondCode = load<u32>(TOKEN_CODES + (<usize>(second & WHICH_TOKEN) << 2));
    const secondDistance = load<u32>(distanceCodes + (<usize>((second >> TOKEN_DISTANCE_SHIFT) & 0x1f) << 2));
    const secondCount = (secondCode >> ALL_BITS_SHIFT) + (secondDistance >> ALL_BITS_SHIFT);
    bits |= bitsOf(first, firstCode, firstDistance) << held;
    held += firstCount;
    if (firstCount + secondCount > 56) {
      store<u64>(out, bits);
      out += <usize>(held >> 3);
      bits >>= held & 0x38;
      held &= 7;
    }
    bits |= bitsOf(second, secondCode, secondDistance) << held;
    held += secondCount;
    store<u64>(out, bits);
    out += <usize>(held >> 3);
    bits >>= held & 0x38;
    held &= 7;
  }
  return (<u32>(out - OUTPUT) << 3) + <u32>held;
}

/** The bits of a token: its code, with a length's extra bits; then, of a match, the distance's code and extra bits. */
// @ts-ignore: decorator
@inline
function bitsOf(token: u32, code: u32, distanceCode: u32): u64 {
  const codeLength = (distanceCode >> CODE_LENGTH_SHIFT) & 0xff;
  const distance = (distanceCode & 0xffff) | ((token >> TOKEN_EXTRA_SHIFT) << codeLength);
  return <u64>(code & TOKEN_BITS) | (<u64>distance << <u64>(code >> ALL_BITS_SHIFT));
}
