// The bars that the codec is measured by: how many times as fast as a peer it is to be. It must not know how that is found
// out; the report prints beside each figure whether it is met.

/** One demand, on all cases of some groups. */
export interface Bar {
  /** The groups whose ids begin so. */
  readonly group: string;
  readonly labels: readonly string[];
  readonly subject: string;
  readonly peer: string;
  readonly atLeast: number;
}

const SMALL = ['16', '64', '125'];
const MESSAGES = { group: 'decode/messages/', subject: 'wsimd', peer: 'ws' };
const CURSOR = { group: 'decode/cursor/', subject: 'wsimd', peer: 'ws' };
const ENCODE = { group: 'encode/server/', subject: 'writer', peer: 'ws frame' };
const MASK = { subject: 'arena', peer: 'bufferutil' };
const ALL_MASKED = ['16', '64', '125', '512', '1024', '8192', '65520', '65536'];

/** Issue 2, point 5. */
export const BARS: readonly Bar[] = [
  { ...CURSOR, labels: SMALL, atLeast: 15 },
  { ...CURSOR, labels: ['512'], atLeast: 8 },
  { ...MESSAGES, labels: [...SMALL, '512'], atLeast: 4 },
  { ...MESSAGES, labels: ['1024'], atLeast: 2.5 },
  { ...MESSAGES, labels: ['8192'], atLeast: 1.1 },
  { ...MESSAGES, labels: ['60000'], atLeast: 1 },
  { ...ENCODE, labels: SMALL, atLeast: 3 },
  { ...MASK, group: 'mask/in-place', labels: ALL_MASKED, atLeast: 1.8 },
  { ...MASK, group: 'mask/unaligned', labels: ALL_MASKED, atLeast: 1.8 },
];

/** The bar for one figure, if there is one. */
export function findBar(group: string, label: string, subject: string, peer: string): number | undefined {
  const bar = BARS.find(
    (bar) => group.startsWith(bar.group) && bar.labels.includes(label) && bar.subject === subject && bar.peer === peer,
  );
  return bar?.atLeast;
}
