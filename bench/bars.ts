// The bars that the codec is measured by: how many times as fast as a peer it is to be. It must not know how that is found
// out; the report prints beside each figure whether it is met.

/** One demand, on the cases of some groups from one size to another. */
export interface Bar {
  /** The groups whose ids begin so. */
  readonly group: string;
  readonly subject: string;
  readonly peer: string;
  /** In bytes, as the labels of the cases have them. */
  readonly from: number;
  readonly to: number;
  readonly atLeast: number;
}

const KIB = 1024;
const ALL = { from: 0, to: Number.POSITIVE_INFINITY };

const CURSOR = { group: 'decode/cursor/binary', subject: 'wsimd', peer: 'ws' };
const MESSAGES = { group: 'decode/messages/', subject: 'wsimd', peer: 'ws' };
const SINGLE = { group: 'decode/single/', subject: 'wsimd', peer: 'ws' };
const ARENA = { subject: 'arena', peer: 'bufferutil', ...ALL, atLeast: 2 };
const CALLER = { subject: 'unmask', peer: 'bufferutil' };
const UTF8 = { subject: 'arena', peer: 'isUtf8' };

/** The table of issue 3. Where two say something about a figure, the first counts. */
export const BARS: readonly Bar[] = [
  { ...CURSOR, from: 16, to: 125, atLeast: 25 },
  { ...CURSOR, from: 126, to: 512, atLeast: 10 },
  { ...CURSOR, from: 513, to: KIB, atLeast: 7 },
  { ...CURSOR, from: KIB + 1, to: 8 * KIB, atLeast: 3 },
  { ...CURSOR, from: 60000, to: 60000, atLeast: 1.7 },
  { ...MESSAGES, from: 16, to: 512, atLeast: 5 },
  { ...MESSAGES, from: 513, to: KIB, atLeast: 3 },
  { ...MESSAGES, from: KIB + 1, to: 8 * KIB, atLeast: 1.3 },
  { ...MESSAGES, from: 60000, to: Number.POSITIVE_INFINITY, atLeast: 1 },
  { ...SINGLE, from: 16, to: KIB, atLeast: 3 },
  { ...SINGLE, ...ALL, atLeast: 1 },
  { ...ARENA, group: 'mask/in-place' },
  { ...ARENA, group: 'mask/unaligned' },
  { ...CALLER, group: 'mask/in-place', from: 0, to: 256, atLeast: 1 },
  { ...CALLER, group: 'mask/in-place', from: 257, to: Number.POSITIVE_INFINITY, atLeast: 0.65 },
  { ...UTF8, group: 'utf8/', from: 0, to: 256, atLeast: 1 },
  { ...UTF8, group: 'utf8/ascii', from: 64 * KIB, to: 64 * KIB, atLeast: 0.7 },
  { ...UTF8, group: 'utf8/cjk', from: 64 * KIB, to: 64 * KIB, atLeast: 0.33 },
  { group: 'encode/server/', subject: 'writer', peer: 'ws frame', from: 0, to: 125, atLeast: 5 },
  { group: 'encode/client/', subject: 'writer', peer: 'ws frame', from: 0, to: 125, atLeast: 4 },
  { group: 'accept-key', subject: 'acceptKey', peer: 'createHash', ...ALL, atLeast: 2 },
  // Batched, the module is to beat its twin in TypeScript as soon as there is a vector's worth of bytes.
  { group: 'decode/cursor/', subject: 'wsimd', peer: 'portable', from: 33, to: Number.POSITIVE_INFINITY, atLeast: 1 },
  { group: 'decode/messages/', subject: 'wsimd', peer: 'portable', from: 33, to: Number.POSITIVE_INFINITY, atLeast: 1 },
];

/** The bar for one figure, if there is one. */
export function findBar(group: string, label: string, subject: string, peer: string): number | undefined {
  const size = Number(label);
  const bar = BARS.find(
    (bar) =>
      group.startsWith(bar.group) && bar.subject === subject && bar.peer === peer && size >= bar.from && size <= bar.to,
  );
  return bar?.atLeast;
}
