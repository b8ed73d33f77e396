// The other end of a compressed connection, as plain as it can be: blocks with the fixed code, matches found by hashing three
// bytes (RFC 1951 sections 3.2.5, 3.2.6). It shares nothing with src/, and needs no host; node:zlib vouches for it.

const MIN_MATCH = 3;
const MAX_MATCH = 258;
const HASH_LENGTH = 4096;

/** Deflates the messages of one direction of a connection (RFC 7692 section 7.2.1). */
export class PeerDeflater {
  readonly #window: number;
  readonly #takeover: boolean;
  #history: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  /** @param windowBits how far it looks back, as a power of two */
  constructor(windowBits: number, takeover: boolean) {
    this.#window = 2 ** windowBits;
    this.#takeover = takeover;
  }

  /** The payload of a compressed message. */
  deflate(message: Uint8Array): Uint8Array<ArrayBuffer> {
    const start = this.#history.length;
    const data = new Uint8Array(start + message.length);
    data.set(this.#history);
    data.set(message, start);
    const writer = new BitWriter(message.length * 2 + 16);
    // BFINAL 0, BTYPE 01.
    writer.write(0b010, 3);
    const last = new Int32Array(HASH_LENGTH).fill(-1);
    const remember = (at: number) => {
      if (at + MIN_MATCH <= data.length) last[hashAt(data, at)] = at;
    };
    for (let at = 0; at < start; at++) remember(at);
    for (let at = start; at < data.length; ) {
      const from = at + MIN_MATCH <= data.length ? last[hashAt(data, at)]! : -1;
      let length = 0;
      if (from >= 0 && at - from <= this.#window) {
        while (length < MAX_MATCH && at + length < data.length && data[from + length] === data[at + length]) length++;
      }
      if (length >= MIN_MATCH) writeMatch(writer, length, at - from);
      else length = writeLiteral(writer, data[at]!);
      for (let i = 0; i < length; i++) remember(at + i);
      at += length;
    }
    writeSymbol(writer, 256);
    // An empty block without compression, of which the lengths `00 00 ff ff` are left out.
    writer.write(0, 3);
    if (this.#takeover) this.#history = data.slice(-this.#window);
    return writer.take();
  }
}

function hashAt(data: Uint8Array, at: number): number {
  return (Math.imul(data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16), 0x9e3779b1) >>> 20) % HASH_LENGTH;
}

/** @returns how many bytes it stands for */
function writeLiteral(writer: BitWriter, byte: number): number {
  writeSymbol(writer, byte);
  return 1;
}

function writeSymbol(writer: BitWriter, symbol: number): void {
  if (symbol < 144) writer.writeCode(0x30 + symbol, 8);
  else if (symbol < 256) writer.writeCode(0x190 + symbol - 144, 9);
  else if (symbol < 280) writer.writeCode(symbol - 256, 7);
  else writer.writeCode(0xc0 + symbol - 280, 8);
}

function writeMatch(writer: BitWriter, length: number, distance: number): void {
  if (length === MAX_MATCH) {
    writeSymbol(writer, 285);
  } else {
    const { symbol, extra, bits } = split(length - MIN_MATCH, 4);
    writeSymbol(writer, 257 + symbol);
    writer.write(extra, bits);
  }
  const { symbol, extra, bits } = split(distance - 1, 2);
  writer.writeCode(symbol, 5);
  writer.write(extra, bits);
}

/** The RFC's tables as a rule: `perBits` symbols for each number of extra bits, twice as many for none. */
function split(value: number, perBits: number): { symbol: number; extra: number; bits: number } {
  let [symbol, base, bits] = [0, 0, 0];
  for (;;) {
    const step = 2 ** bits;
    if (value < base + step) return { symbol, extra: value - base, bits };
    base += step;
    symbol++;
    if (symbol >= 2 * perBits && symbol % perBits === 0) bits++;
  }
}

class BitWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;
  #bits = 0;
  #count = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** The lowest bit first. @param count at most 16 */
  write(value: number, count: number): void {
    this.#bits |= value << this.#count;
    this.#count += count;
    for (; this.#count >= 8; this.#count -= 8, this.#bits >>>= 8) this.#bytes[this.#length++] = this.#bits;
  }

  /** The highest bit first, as codes are. */
  writeCode(code: number, count: number): void {
    let reversed = 0;
    for (let i = 0; i < count; i++) reversed = (reversed << 1) | ((code >> i) & 1);
    this.write(reversed, count);
  }

  take(): Uint8Array<ArrayBuffer> {
    if (this.#count > 0) this.#bytes[this.#length++] = this.#bits;
    return this.#bytes.slice(0, this.#length);
  }
}
