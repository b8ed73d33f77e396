// The string of a text message's bytes. It knows no message.

import { readText, type TextArena } from '../../kernel/text.js';

/** @param isValidated of what was not, which may hold anything, the host puts U+FFFD for what is no UTF-8 */
export function readMessageText(
  arena: TextArena,
  isValidated: boolean,
  bytes: Uint8Array,
  start: number,
  end: number,
): string {
  return isValidated ? readText(arena, bytes, start, end) : arena.host.readUtf8(bytes, start, end);
}
