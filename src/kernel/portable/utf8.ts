// UTF-8 validation of the portable kernel (Unicode 15, table 3-7), resumable at any byte. Its state is the UTF-8 state of
// assembly/shared/layout.ts.

import { UTF8_ASCII } from '../../../assembly/shared/layout.js';
import { NON_ASCII_BITS, type PortableMemory } from './mask.js';

const ERROR_BIT = 0x80000000;

/** The state behind a lead byte: what must follow it. 0: no character begins with this byte. */
function stateAfterLead(lead: number): number {
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 0xbf8001;
  if (lead < 0xf0) {
    if (lead === 0xe0) return 0xbfa002;
    if (lead === 0xed) return 0x9f8002;
    return 0xbf8002;
  }
  if (lead === 0xf0) return 0xbf9003;
  if (lead < 0xf4) return 0xbf8003;
  if (lead === 0xf4) return 0x8f8003;
  return 0;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** The address of the first byte from `ptr` on that is not ASCII, or `end`. */
function skipAscii({ bytes, words }: PortableMemory, ptr: number, end: number): number {
  while ((ptr & 3) !== 0) {
    if (ptr === end || bytes[ptr]! > 0x7f) return ptr;
    ptr++;
  }
  let word = ptr >> 2;
  const wordsEnd = end >> 2;
  // Four words a step: one test for 16 bytes.
  while (
    word < wordsEnd - 3 &&
    ((words[word]! | words[word + 1]! | words[word + 2]! | words[word + 3]!) & NON_ASCII_BITS) === 0
  ) {
    word += 4;
  }
  while (word < wordsEnd && (words[word]! & NON_ASCII_BITS) === 0) word++;
  ptr = word << 2;
  while (ptr < end && bytes[ptr]! < 0x80) ptr++;
  return ptr;
}

/** `Kernel.validate` */
export function validate(memory: PortableMemory, ptr: number, length: number, state: number): number {
  const { bytes } = memory;
  const end = ptr + length;
  let at = ptr;
  let needed = state & 0xff;
  let lowest = (state >>> 8) & 0xff;
  let highest = (state >>> 16) & 0xff;
  let ascii = needed === 0 ? UTF8_ASCII : 0;

  for (;;) {
    while (needed > 0) {
      if (at === end) return needed | (lowest << 8) | (highest << 16);
      const byte = bytes[at]!;
      if (byte < lowest || byte > highest) return ERROR_BIT | (at - ptr);
      at++;
      needed--;
      // Only the byte behind the lead has a narrower range.
      lowest = 0x80;
      highest = 0xbf;
    }

    if (at === end) return ascii;
    const lead = bytes[at]!;
    if (lead < 0x80) {
      at++;
      // One ASCII byte among others is not worth the way to a word's border.
      if (at < end && bytes[at]! < 0x80) at = skipAscii(memory, at, end);
      continue;
    }
    ascii = 0;
    // The common characters, whole, in one step; what is cut or wrong falls through to the states.
    if (lead >= 0xc2 && lead < 0xe0) {
      if (end - at > 1 && isContinuation(bytes[at + 1]!)) {
        at += 2;
        continue;
      }
    } else if (lead > 0xe0 && lead < 0xf0 && lead !== 0xed) {
      if (end - at > 2 && isContinuation(bytes[at + 1]!) && isContinuation(bytes[at + 2]!)) {
        at += 3;
        continue;
      }
    }
    const next = stateAfterLead(lead);
    if (next === 0) return ERROR_BIT | (at - ptr);
    at++;
    needed = next & 0xff;
    lowest = (next >>> 8) & 0xff;
    highest = next >>> 16;
  }
}
