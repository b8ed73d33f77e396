// A UTF-8 validator to test validators against: Unicode 15, table 3-7, row by row, written to be read. Slow.

type Range = readonly [lowest: number, highest: number];

const ANY: Range = [0x80, 0xbf];

/** Table 3-7, "Well-Formed UTF-8 Byte Sequences": the range of each byte of a sequence. */
const ROWS: readonly (readonly Range[])[] = [
  [[0x00, 0x7f]],
  [[0xc2, 0xdf], ANY],
  [[0xe0, 0xe0], [0xa0, 0xbf], ANY],
  [[0xe1, 0xec], ANY, ANY],
  [[0xed, 0xed], [0x80, 0x9f], ANY],
  [[0xee, 0xef], ANY, ANY],
  [[0xf0, 0xf0], [0x90, 0xbf], ANY, ANY],
  [[0xf1, 0xf3], ANY, ANY, ANY],
  [[0xf4, 0xf4], [0x80, 0x8f], ANY, ANY],
];

export interface Utf8Verdict {
  /** The offset of the first byte that no continuation can mend. */
  readonly badOffset: number | undefined;
  /** The ranges of the bytes that the character under way still lacks. */
  readonly pending: readonly Range[];
  /** Every byte is below 0x80. */
  readonly ascii: boolean;
}

export function judgeUtf8(bytes: ArrayLike<number>): Utf8Verdict {
  let pending: readonly Range[] = [];
  let ascii = true;
  for (let offset = 0; offset < bytes.length; offset++) {
    const byte = bytes[offset]!;
    if (byte > 0x7f) ascii = false;
    if (pending.length === 0) {
      const row = ROWS.find(([lead]) => contains(lead!, byte));
      if (row === undefined) return { badOffset: offset, pending: [], ascii };
      pending = row.slice(1);
    } else {
      if (!contains(pending[0]!, byte)) return { badOffset: offset, pending: [], ascii };
      pending = pending.slice(1);
    }
  }
  return { badOffset: undefined, pending, ascii };
}

/** Whether the bytes are a whole text. */
export function isWellFormed(bytes: ArrayLike<number>): boolean {
  const { badOffset, pending } = judgeUtf8(bytes);
  return badOffset === undefined && pending.length === 0;
}

function contains([lowest, highest]: Range, byte: number): boolean {
  return byte >= lowest && byte <= highest;
}
