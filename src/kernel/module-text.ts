// The text in which a script carries the bytes of a module: printable ASCII that needs no escape in any quotes, and that
// gzip makes little larger than the module itself, which Base64 does not. assembly/build.mjs writes it.
//
// A byte, moved up by SHIFT so that the values that are frequent in WebAssembly come first, is a place in one of three rows
// of 86 characters, '(' to '}', with '~' where a backslash would be. The first row stands for itself; before a
// character of the second comes '!', of the third '#'.

const SHIFT = 4;
const ROW_LENGTH = 86;
const FIRST_CHARACTER = 0x28;
const BACKSLASH = 0x5c;
const INSTEAD_OF_BACKSLASH = 0x7e;
const SECOND_ROW = 0x21;

/** The bytes of a module from their text. */
export function decodeModuleText(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  let row = -SHIFT;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < FIRST_CHARACTER) {
      row = (code === SECOND_ROW ? ROW_LENGTH : 2 * ROW_LENGTH) - SHIFT;
    } else {
      bytes[length++] = row + (code === INSTEAD_OF_BACKSLASH ? BACKSLASH : code) - FIRST_CHARACTER;
      row = -SHIFT;
    }
  }
  return bytes.subarray(0, length);
}
