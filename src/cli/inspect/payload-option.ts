// The option --payload, of `wsimd inspect` and `wsimd proxy`: how many bytes of each payload they show.

import { parseInteger } from '../command.js';

export const DEFAULT_TEXT_BYTES = 48;
export const DEFAULT_JSON_BYTES = 4096;
export const MAX_BYTES = 16 * 1024 * 1024;

/** @throws UsageError */
export function payloadOf(text: string | undefined, byDefault: number): number {
  return text === undefined ? byDefault : parseInteger('--payload', text, 0, MAX_BYTES);
}
