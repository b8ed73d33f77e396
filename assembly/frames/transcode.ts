// Valid UTF-8 → UTF-16, which engines make strings of by a plain copy. (V8 before 13 decodes UTF-8 that is not ASCII at a
// quarter of a gigabyte a second; with this step before it, a string of CJK text is there ten times as soon.) Knows bytes
// only, and trusts them: they have been through validate().

// ---- Tables, in memory for the reason that utf8.ts gives

// prettier-ignore
const TABLES = memory.data<u8>([
  // Four characters of 3 bytes: where their lead bytes are, and what the high nibble of a lead byte is
  0xf0, 0, 0, 0xf0, 0, 0, 0xf0, 0, 0, 0xf0, 0, 0, 0, 0, 0, 0,
  0xe0, 0, 0, 0xe0, 0, 0, 0xe0, 0, 0, 0xe0, 0, 0, 0, 0, 0, 0,
  // Their third and second bytes as the low and high half of a 16-bit lane, then their first bytes (0xff: zero)
  2, 1, 5, 4, 8, 7, 11, 10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
  0, 0xff, 3, 0xff, 6, 0xff, 9, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
  // Eight characters of 2 bytes: where their lead bytes are, and what the top three bits of a lead byte are
  0xe0, 0, 0xe0, 0, 0xe0, 0, 0xe0, 0, 0xe0, 0, 0xe0, 0, 0xe0, 0, 0xe0, 0,
  0xc0, 0, 0xc0, 0, 0xc0, 0, 0xc0, 0, 0xc0, 0, 0xc0, 0, 0xc0, 0, 0xc0, 0,
  // In each 16-bit lane: the six bits of a third byte, of a second byte of three, and the five of a first byte of two
  0x3f, 0, 0x3f, 0, 0x3f, 0, 0x3f, 0, 0x3f, 0, 0x3f, 0, 0x3f, 0, 0x3f, 0,
  0, 0x3f, 0, 0x3f, 0, 0x3f, 0, 0x3f, 0, 0x3f, 0, 0x3f, 0, 0x3f, 0, 0x3f,
  0x1f, 0, 0x1f, 0, 0x1f, 0, 0x1f, 0, 0x1f, 0, 0x1f, 0, 0x1f, 0, 0x1f, 0,
], 16);

/**
 * Transcodes `length` bytes of whole characters to `output`, little-endian. Reads up to 15 bytes past the end; writes up
 * to `2 * length + 32` bytes.
 *
 * @returns how many UTF-16 units it wrote
 */
export function transcode(ptr: usize, length: u32, output: usize): u32 {
  const end = ptr + <usize>length;
  let p = ptr;
  let out = output;

  const leads3 = v128.load(TABLES);
  const areLeads3 = v128.load(TABLES, 16);
  const lasts3 = v128.load(TABLES, 32);
  const firsts3 = v128.load(TABLES, 48);
  const leads2 = v128.load(TABLES, 64);
  const areLeads2 = v128.load(TABLES, 80);
  const lowSix = v128.load(TABLES, 96);
  const highSix = v128.load(TABLES, 112);
  const lowFive = v128.load(TABLES, 128);

  while (p < end) {
    const bytes = v128.load(p);

    // Four characters of 3 bytes. That the bytes between are continuations need not be asked: the text is valid.
    //
    //   bytes      1110aaaa 10bbbbbb 10cccccc ...
    //   lasts3     10bbbbbb10cccccc → bbbbbb000000 and cccccc
    //   firsts3    000000001110aaaa → aaaa000000000000: the shift drops what is above
    if (p + 12 <= end && !v128.any_true(v128.xor(v128.and(bytes, leads3), areLeads3))) {
      const lasts = i8x16.swizzle(bytes, lasts3);
      const units = v128.or(
        v128.or(v128.and(lasts, lowSix), i16x8.shr_u(v128.and(lasts, highSix), 2)),
        i16x8.shl(i8x16.swizzle(bytes, firsts3), 12),
      );
      store<u64>(out, i64x2.extract_lane(units, 0));
      p += 12;
      out += 8;
      continue;
    }

    const high = i8x16.bitmask(bytes);
    const ascii = min<u32>(ctz<u32>(high | 0x10000), <u32>(end - p));
    if (ascii > 0) {
      // All 16 lanes are widened; those behind the ASCII ones are written over by what comes next.
      v128.store(out, i16x8.extend_low_i8x16_u(bytes));
      v128.store(out, i16x8.extend_high_i8x16_u(bytes), 16);
      p += ascii;
      out += <usize>ascii << 1;
      continue;
    }

    // Eight characters of 2 bytes: 110aaaaa 10bbbbbb, in a lane 10bbbbbb110aaaaa.
    if (p + 16 <= end && !v128.any_true(v128.xor(v128.and(bytes, leads2), areLeads2))) {
      v128.store(
        out,
        v128.or(i16x8.shl(v128.and(bytes, lowFive), 6), v128.and(i16x8.shr_u(bytes, 8), lowSix)),
      );
      p += 16;
      out += 16;
      continue;
    }

    // One character.
    const first = <u32>load<u8>(p);
    const second = <u32>load<u8>(p, 1) & 0x3f;
    if (first < 0xe0) {
      store<u16>(out, ((first & 0x1f) << 6) | second);
      p += 2;
      out += 2;
    } else if (first < 0xf0) {
      store<u16>(out, (first << 12) | (second << 6) | (<u32>load<u8>(p, 2) & 0x3f));
      p += 3;
      out += 2;
    } else {
      const codePoint =
        ((first & 0x07) << 18) | (second << 12) | ((<u32>load<u8>(p, 2) & 0x3f) << 6) | (<u32>load<u8>(p, 3) & 0x3f);
      // A pair of surrogates: ten bits each of what is above U+FFFF.
      const offset = codePoint - 0x10000;
      store<u16>(out, 0xd800 | (offset >> 10));
      store<u16>(out, 0xdc00 | (offset & 0x3ff), 2);
      p += 4;
      out += 4;
    }
  }
  return <u32>(out - output) >> 1;
}
