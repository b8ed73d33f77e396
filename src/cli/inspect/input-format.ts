// What kind of input this is, and the bytes that a text of hex or Base64 stands for. It knows no frame.

import type { ByteReader } from '../../capture/byte-reader.js';
import { isCapture } from '../../capture/capture-file.js';
import { HexError, parseHex } from '../../page/frames/parse-hex.js';
import { rethrowUnless } from '../../protocol/rethrow-unless.js';
import { CommandError } from '../command.js';
import { FOLLOW_TEXT } from './follow-text.js';

export const FORMATS = ['capture', 'follow', 'hex', 'base64', 'raw'] as const;
export type Format = (typeof FORMATS)[number];

/** How much of the input says whether it is text. */
const SAMPLE_LENGTH = 4096;
const HEX_TEXT = /^[\s0-9a-fA-Fx\\,;:()[\]{}]*$/;
const BASE64_TEXT = /^[\sA-Za-z0-9+/_-]+={0,2}\s*$/;

/** The format of an input, by its beginning: hex before Base64, of which some would also be hex. */
export async function detectFormat(reader: ByteReader): Promise<Format> {
  if (isCapture(await reader.peek(4))) return 'capture';
  const text = Buffer.from(await reader.peek(SAMPLE_LENGTH)).toString('latin1');
  if (FOLLOW_TEXT.test(text)) return 'follow';
  if (HEX_TEXT.test(text)) return 'hex';
  return BASE64_TEXT.test(text) ? 'base64' : 'raw';
}

/** The bytes of an input that is those of one direction. @throws CommandError */
export function decodeInput(bytes: Uint8Array, format: Exclude<Format, 'capture' | 'follow'>): Uint8Array {
  if (format === 'raw') return bytes;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  if (format === 'base64') return decodeBase64Text(text);
  try {
    return parseHex(text);
  } catch (error) {
    rethrowUnless(error, HexError);
    throw new CommandError(`not hex: ${error.message}`);
  }
}

/** Base64 in either alphabet, padded or not, over any number of lines (RFC 4648 sections 4 and 5). */
function decodeBase64Text(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, '').replace(/={0,2}$/, '');
  const wrong = /[^A-Za-z0-9+/_-]/.exec(digits)?.[0];
  if (wrong !== undefined) throw new CommandError(`not Base64: ${JSON.stringify(wrong)} is none of its characters`);
  if (digits.length % 4 === 1) throw new CommandError('not Base64: a character is missing at the end');
  return Buffer.from(digits, 'base64');
}
