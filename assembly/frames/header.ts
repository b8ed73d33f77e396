// One frame header in memory (RFC 6455 section 5.2): reading its payload length, writing it. The rules that it must keep, RSV
// bits included, are in ../shared/header-rules.ts.

import { LENGTH_16, LENGTH_64, LENGTH_BITS, MASKED, MAX_LENGTH_16, MAX_LENGTH_7 } from '../shared/protocol';

/** The payload length that the whole header at `ptr` gives; network byte order. */
// @ts-ignore: decorator
@inline
export function payloadLengthAt(ptr: usize, second: u32): u64 {
  const length = <i32>(second & LENGTH_BITS);
  if (length < LENGTH_16) return length;
  return length == LENGTH_16 ? <u64>bswap<u16>(load<u16>(ptr, 2)) : bswap<u64>(load<u64>(ptr, 2));
}

/** Writes a header so that its last byte lies just before `end`; returns its length. */
export function writeHeader(end: usize, first: u32, payloadLength: u64, masked: bool, maskingKey: u32): u32 {
  const start = end;
  let second: u32 = 0;
  if (masked) {
    end -= 4;
    store<u32>(end, maskingKey);
    second = MASKED;
  }
  if (payloadLength <= <u64>MAX_LENGTH_7) {
    second |= <u32>payloadLength;
  } else if (payloadLength <= <u64>MAX_LENGTH_16) {
    end -= 2;
    store<u16>(end, bswap<u16>(<u16>payloadLength));
    second |= LENGTH_16;
  } else {
    end -= 8;
    store<u64>(end, bswap<u64>(payloadLength));
    second |= LENGTH_64;
  }
  end -= 2;
  store<u8>(end, first);
  store<u8>(end, second, 1);
  return <u32>(start - end);
}
