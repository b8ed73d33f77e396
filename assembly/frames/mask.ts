// XOR with a masking key (RFC 6455 section 5.3). Knows bytes only.
//
// Byte i of a payload meets key byte i mod 4, so a vector that begins at a multiple of 4 meets the key as it is, and one
// that begins at phase p meets the key rotated right by 8p bits (the key's first byte is the lowest of the u32):
//
//   key          k0 k1 k2 k3          rotated by phase 3   k3 k0 k1 k2
//   i32x4.splat  k0 k1 k2 k3 k0 k1 k2 k3 k0 k1 k2 k3 k0 k1 k2 k3

/** The key as it meets a byte that lies `phase` bytes into the payload. */
// @ts-ignore: decorator
@inline
export function rotateKey(maskingKey: u32, phase: u32): u32 {
  return rotr<u32>(maskingKey, (phase & 3) << 3);
}

/**
 * The loop, with and without collecting the high bits. Nothing outside the payload is read or written.
 *
 * A payload of 16 bytes or more is whole vectors from the front and one vector that ends where the payload ends. The two
 * may overlap, and XORing a byte twice would mask it again; so the last vector is computed from the original bytes before
 * the loop and stored after it, over what the loop made of the same bytes:
 *
 *   payload   0123456789abcdef0123456789abcdef0123456
 *   loop      [--- vector ---][--- vector ---][ would leave the payload
 *   last                             [--- vector ---]
 *
 * The last vector begins length - 16 bytes in, which is phase length mod 4. Shorter payloads are two overlapping words of
 * 8 or 4 bytes in the same way, or up to three single bytes.
 *
 * @returns a number that is not 0 if `collect` is set and a byte of the result is 0x80 or above
 */
// @ts-ignore: decorator
@inline
function xorPayload(ptr: usize, length: u32, maskingKey: u32, collect: bool): u32 {
  const end = ptr + <usize>length;
  const lastKey = rotateKey(maskingKey, length);

  if (length >= 16) {
    const key = i32x4.splat(maskingKey);
    const last = v128.xor(v128.load(end - 16), i32x4.splat(lastKey));
    let seen = last;
    // Four vectors a turn: at one a turn, the loop's own compare and branch cost as much as the XOR.
    const end64 = end - 64;
    while (length >= 64 && ptr <= end64) {
      const a = v128.xor(v128.load(ptr), key);
      const b = v128.xor(v128.load(ptr, 16), key);
      const c = v128.xor(v128.load(ptr, 32), key);
      const d = v128.xor(v128.load(ptr, 48), key);
      v128.store(ptr, a);
      v128.store(ptr, b, 16);
      v128.store(ptr, c, 32);
      v128.store(ptr, d, 48);
      if (collect) seen = v128.or(v128.or(seen, v128.or(a, b)), v128.or(c, d));
      ptr += 64;
    }
    while (ptr + 16 < end) {
      const a = v128.xor(v128.load(ptr), key);
      v128.store(ptr, a);
      if (collect) seen = v128.or(seen, a);
      ptr += 16;
    }
    v128.store(end - 16, last);
    return collect ? i8x16.bitmask(seen) : 0;
  }

  if (length >= 8) {
    const first = load<u64>(ptr) ^ (<u64>maskingKey | (<u64>maskingKey << 32));
    const last = load<u64>(end - 8) ^ (<u64>lastKey | (<u64>lastKey << 32));
    store<u64>(ptr, first);
    store<u64>(end - 8, last);
    return collect ? u32(((first | last) & 0x8080808080808080) != 0) : 0;
  }

  if (length >= 4) {
    const first = load<u32>(ptr) ^ maskingKey;
    const last = load<u32>(end - 4) ^ lastKey;
    store<u32>(ptr, first);
    store<u32>(end - 4, last);
    return collect ? (first | last) & 0x80808080 : 0;
  }

  let seen: u32 = 0;
  while (ptr < end) {
    const byte = <u32>load<u8>(ptr) ^ (maskingKey & 0xff);
    store<u8>(ptr, byte);
    seen |= byte;
    maskingKey = rotr<u32>(maskingKey, 8);
    ptr++;
  }
  return collect ? seen & 0x80 : 0;
}

/** Masks or unmasks a payload in place. `maskingKey` is rotated to the phase of the first byte. */
export function maskPayload(ptr: usize, length: u32, maskingKey: u32): void {
  xorPayload(ptr, length, maskingKey, false);
}

/** The same, and says in the same pass whether a byte of the result is not ASCII (any number but 0: there is one). */
export function maskText(ptr: usize, length: u32, maskingKey: u32): u32 {
  return xorPayload(ptr, length, maskingKey, true);
}
