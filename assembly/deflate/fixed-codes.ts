// The fixed code of literals and lengths (RFC 1951 section 3.2.6), for both directions.

/** The code of a symbol below 288, times 16, plus its length in bits. */
export function fixedCode(symbol: u32): u32 {
  if (symbol < 144) return ((0x30 + symbol) << 4) | 8;
  if (symbol < 256) return ((0x190 + symbol - 144) << 4) | 9;
  if (symbol < 280) return ((symbol - 256) << 4) | 7;
  return ((0xc0 + symbol - 280) << 4) | 8;
}
