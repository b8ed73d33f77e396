// The text in which a script carries the bytes of a module: printable ASCII that needs no escape between quotes, and that
// gzip makes little larger than the module itself, which Base64 does not. encode-module-text.mjs writes it.
//
// A byte, moved up by 4 so that the values that are frequent in WebAssembly come first, is a place in one of three rows of
// 86 characters, '(' to '}', with '~' where a backslash would be. The first row stands for itself; before a character of
// the second comes '!', of the third '#'.
//
// It is read once, by an engine that has compiled nothing yet: a loop of a turn a byte runs so long that engines stop to
// compile it, which takes 10 to 50 times as long as all the rest. So four bytes take a turn, and built-in functions do the rest.

import { encodeText } from '../../bytes/encode-text.js';

const ROW_LENGTH = 86;
/** What a character of the first row has more than its byte: '(' and the 4. */
const FIRST_ROW = 0x2c;
const SECOND_ROW_MARK = (0x21 - FIRST_ROW) & 0xff;
const THIRD_ROW_MARK = (0x23 - FIRST_ROW) & 0xff;

/** The bytes of a module from their text. */
export function decodeModuleText(text: string): Uint8Array<ArrayBuffer> {
  const words = new Int32Array(Math.ceil(text.length / 4));
  const bytes = new Uint8Array(words.buffer, 0, text.length);
  bytes.set(encodeText(text.replaceAll('~', '\\')));
  // Characters are below 0x80: with the top bit of each byte set, none borrows from its neighbour.
  for (let i = 0; i < words.length; i++) {
    words[i] = ((words[i]! | 0x80808080) - FIRST_ROW * 0x01010101) ^ 0x80808080;
  }
  // In this order: a byte of the third row may look like a mark, one of the first two does not.
  return takeOutMarks(takeOutMarks(bytes, SECOND_ROW_MARK, ROW_LENGTH), THIRD_ROW_MARK, 2 * ROW_LENGTH);
}

/** Closes the gaps where a mark was, and adds to the byte behind each. */
function takeOutMarks(bytes: Uint8Array<ArrayBuffer>, mark: number, added: number): Uint8Array<ArrayBuffer> {
  let length = 0;
  let from = 0;
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, from)) {
    bytes.copyWithin(length, from, at);
    length += at - from;
    bytes[length++] = bytes[at + 1]! + added;
    from = at + 2;
  }
  bytes.copyWithin(length, from);
  return bytes.subarray(0, length + bytes.length - from);
}
