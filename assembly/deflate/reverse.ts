// Reverses bits: a Huffman code is sent with its first bit lowest (RFC 1951 section 3.1.1).

/** Bytes with their bits in reverse order, written once when the module is instantiated. */
const REVERSED = memory.data(256);

for (let byte: u32 = 0; byte < 256; byte++) {
  // Bits that are swapped in pairs, the pairs in nibbles, the nibbles.
  let bits = ((byte & 0x55) << 1) | ((byte >> 1) & 0x55);
  bits = ((bits & 0x33) << 2) | ((bits >> 2) & 0x33);
  store<u8>(REVERSED + <usize>byte, (bits << 4) | (bits >> 4));
}

/** 16 bits in reverse order. */
// @ts-ignore: decorator
@inline
export function reverse(bits: u32): u32 {
  return (<u32>load<u8>(REVERSED + <usize>(bits & 0xff)) << 8) | <u32>load<u8>(REVERSED + <usize>(bits >> 8));
}
