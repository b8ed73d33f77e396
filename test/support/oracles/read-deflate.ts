// A strict reader of DEFLATE (RFC 1951), written from the RFC and for clarity: what blocks and symbols are in it, not only what
// it inflates to. Throws at whatever the RFC forbids or leaves open. Knows nothing of how the codec under test goes about it.

export interface Block {
  readonly kind: 'stored' | 'fixed' | 'dynamic';
  readonly final: boolean;
  /** Bits of the block's header; with a dynamic block, of the description of its codes too. */
  readonly headerBits: number;
  readonly literals: number;
  readonly matches: readonly { readonly length: number; readonly distance: number }[];
  /** The lengths of a dynamic block's codes, as they were sent. */
  readonly literalLengths: readonly number[];
  readonly distanceLengths: readonly number[];
  /** Those of the code in which these lengths are sent. */
  readonly lengthLengths: readonly number[];
}

export interface Reading {
  readonly bytes: Uint8Array;
  readonly blocks: readonly Block[];
}

const LENGTH_BASES = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BASES = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
];
const DISTANCE_EXTRA = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
const LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

const FIXED_LITERALS = [
  ...Array<number>(144).fill(8),
  ...Array<number>(112).fill(9),
  ...Array<number>(24).fill(7),
  ...Array<number>(8).fill(8),
];
const FIXED_DISTANCES = Array<number>(32).fill(5);

/** A code as a map from its bits, a leading 1 before them, to its symbols. */
type Code = ReadonlyMap<number, number>;

/** @param mayBeIncomplete a code of no symbol or of one 1-bit symbol is right (only for distances) */
function makeCode(lengths: readonly number[], mayBeIncomplete: boolean): Code {
  const code = new Map<number, number>();
  let next = 0;
  for (let length = 1; length <= 15; length++) {
    next *= 2;
    for (const [symbol, its] of lengths.entries()) {
      if (its !== length) continue;
      if (next >= 2 ** length) throw new Error('more codes than there are');
      code.set(2 ** length + next, symbol);
      next++;
    }
  }
  const isComplete = next === 2 ** 15;
  const isSingle = code.size === 0 || (code.size === 1 && lengths.includes(1));
  if (!isComplete && !(mayBeIncomplete && isSingle)) throw new Error('fewer codes than there are');
  return code;
}

/**
 * Reads whole blocks to the end of the bytes, or to a block with BFINAL.
 *
 * @param window a match from further away is an error
 * @param dictionary what came before; matches may reach into it
 */
export function readDeflate(input: Uint8Array, window = 32_768, dictionary: Uint8Array = new Uint8Array(0)): Reading {
  let position = 0;
  const out: number[] = [...dictionary];
  const blocks: Block[] = [];

  function bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      const byte = input[position >> 3];
      if (byte === undefined) throw new Error('the input ends');
      value += ((byte >> (position & 7)) & 1) * 2 ** i;
      position++;
    }
    return value;
  }

  function symbol(code: Code): number {
    let value = 1;
    for (let length = 1; length <= 15; length++) {
      value = value * 2 + bits(1);
      const found = code.get(value);
      if (found !== undefined) return found;
    }
    throw new Error('no such code');
  }

  function readLengths(): [number[], number[], number[]] {
    const literals = bits(5) + 257;
    const distances = bits(5) + 1;
    const sent = bits(4) + 4;
    if (literals > 286 || distances > 30) throw new Error('too many symbols');
    const ofLengths = Array<number>(19).fill(0);
    for (let i = 0; i < sent; i++) ofLengths[LENGTH_ORDER[i]!] = bits(3);
    const code = makeCode(ofLengths, false);
    const lengths: number[] = [];
    while (lengths.length < literals + distances) {
      const next = symbol(code);
      if (next < 16) lengths.push(next);
      else if (next === 16) {
        const last = lengths.at(-1);
        if (last === undefined) throw new Error('nothing to repeat');
        lengths.push(...Array<number>(3 + bits(2)).fill(last));
      } else lengths.push(...Array<number>(next === 17 ? 3 + bits(3) : 11 + bits(7)).fill(0));
    }
    if (lengths.length > literals + distances) throw new Error('too many lengths');
    if (lengths[256] === 0) throw new Error('no end of block');
    return [lengths.slice(0, literals), lengths.slice(literals), ofLengths];
  }

  while (position < input.length * 8) {
    const start = position;
    const final = bits(1) === 1;
    const type = bits(2);
    if (type === 0) {
      while (position % 8 !== 0) if (bits(1) !== 0) throw new Error('padding that is not 0');
      const length = bits(16);
      if ((length ^ 0xffff) !== bits(16)) throw new Error('LEN and NLEN do not fit');
      const headerBits = position - start;
      for (let i = 0; i < length; i++) out.push(bits(8));
      blocks.push({
        kind: 'stored',
        final,
        headerBits,
        literals: length,
        matches: [],
        literalLengths: [],
        distanceLengths: [],
        lengthLengths: [],
      });
    } else {
      if (type === 3) throw new Error('BTYPE 11');
      const [literalLengths, distanceLengths, lengthLengths] =
        type === 2 ? readLengths() : [FIXED_LITERALS, FIXED_DISTANCES, []];
      const literalCode = makeCode(literalLengths, false);
      const distanceCode = makeCode(distanceLengths, true);
      const headerBits = position - start;
      const matches: { length: number; distance: number }[] = [];
      let literals = 0;
      for (;;) {
        const next = symbol(literalCode);
        if (next === 256) break;
        if (next < 256) {
          literals++;
          out.push(next);
          continue;
        }
        if (next > 285) throw new Error('no such length');
        const length = LENGTH_BASES[next - 257]! + bits(LENGTH_EXTRA[next - 257]!);
        if (next === 284 && length === 258) throw new Error('258 has a symbol of its own');
        const which = symbol(distanceCode);
        if (which > 29) throw new Error('no such distance');
        const distance = DISTANCE_BASES[which]! + bits(DISTANCE_EXTRA[which]!);
        if (distance > window || distance > out.length) throw new Error(`a distance of ${distance}`);
        matches.push({ length, distance });
        for (let i = 0; i < length; i++) out.push(out[out.length - distance]!);
      }
      const kind = type === 1 ? 'fixed' : 'dynamic';
      blocks.push({ kind, final, headerBits, literals, matches, literalLengths, distanceLengths, lengthLengths });
    }
    if (final) break;
  }
  return { bytes: Uint8Array.from(out.slice(dictionary.length)), blocks };
}
