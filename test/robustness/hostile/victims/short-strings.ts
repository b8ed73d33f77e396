// Has Node make no string longer than 256 KiB, in one configuration of victim.ts: V8's own limit takes messages of half a gigabyte.
// Imported before wsimd, which remembers these functions as it is loaded.

import type { ConfigurationName } from './configurations.js';

export const LONGEST_STRING = 256 * 1024;

type Slice = (this: Uint8Array, start?: number, end?: number) => string;

function limit(slice: Slice): Slice {
  return function (this: Uint8Array, start, end) {
    const text = slice.call(this, start, end);
    if (text.length <= LONGEST_STRING) return text;
    const error = new Error(`Cannot create a string longer than 0x${LONGEST_STRING.toString(16)} characters`);
    throw Object.assign(error, { code: 'ERR_STRING_TOO_LONG' });
  };
}

if (process.argv[2] === ('short strings' satisfies ConfigurationName)) {
  const prototype = Buffer.prototype as Buffer & Record<'latin1Slice' | 'utf8Slice' | 'ucs2Slice', Slice>;
  for (const name of ['latin1Slice', 'utf8Slice', 'ucs2Slice'] as const) prototype[name] = limit(prototype[name]);
}
