// Part of the build: writes the text that module-text.ts, beside this file, reads, and explains. It is no TypeScript since it
// runs before there is a compiled module, and no package carries it.

/** The text of a module's bytes. */
export function encodeModuleText(bytes) {
  let text = '';
  for (const byte of bytes) {
    const value = (byte + 4) & 0xff;
    const code = 0x28 + (value % 86);
    text += ['', '!', '#'][Math.floor(value / 86)] + String.fromCharCode(code === 0x5c ? 0x7e : code);
  }
  return text;
}
