// Hex as people paste it → bytes, or a sentence that says what is wrong and where. Knows no frame and no DOM.

/** The text is not hex; the message says why, for the person who pasted it. */
export class HexError extends Error {}

const TOKEN = /[^\s,;:()[\]{}]+/g;
const PREFIX = /^(0x|\\x)/i;

/**
 * Reads bytes in hex: digits in pairs, with white space, commas and the like between them or none; `0x` and `\x` may stand
 * before each.
 *
 * @throws HexError
 */
export function parseHex(text: string): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    // `\x81\x05` has no space inside.
    for (const part of token.startsWith('\\x') ? token.split(/(?=\\x)/) : [token]) addBytes(bytes, part, text, index);
  }
  if (bytes.length === 0)
    throw new HexError('There is nothing to decode: paste some bytes in hex, such as 81 02 68 69.');
  return Uint8Array.from(bytes);
}

/** The same, where no text stands for no bytes. @throws HexError */
export function parseHexOrNone(text: string): Uint8Array<ArrayBuffer> {
  return text.trim() === '' ? new Uint8Array(0) : parseHex(text);
}

function addBytes(bytes: number[], token: string, text: string, index: number): void {
  const prefix = PREFIX.exec(token)?.[0] ?? '';
  let digits = token.slice(prefix.length);
  const wrong = /[^0-9a-f]/iu.exec(digits)?.[0];
  if (wrong !== undefined) {
    const at = index + token.indexOf(wrong, prefix.length);
    throw new HexError(`“${wrong}” is not a hex digit (${placeOf(text, at)}).`);
  }
  // 0x5 can only mean 05; a lone 5 may be half of anything.
  if (prefix !== '' && digits.length === 1) digits = `0${digits}`;
  if (digits.length % 2 !== 0 || digits === '') {
    const shown = token.length > 20 ? `${token.slice(0, 20)}…` : token;
    throw new HexError(`“${shown}” has an odd number of digits (${placeOf(text, index)}): a byte is two, such as 05.`);
  }
  for (let i = 0; i < digits.length; i += 2) bytes.push(Number.parseInt(digits.slice(i, i + 2), 16));
}

function placeOf(text: string, index: number): string {
  const lines = text.slice(0, index).split('\n');
  return `line ${lines.length}, character ${lines.at(-1)!.length + 1}`;
}
