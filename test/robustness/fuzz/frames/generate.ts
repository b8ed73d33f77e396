// Streams for the fuzzer: of valid, nearly valid and hostile frames, made from a seed. Knows the layout of a frame (RFC 6455
// section 5.2), and just enough rules to keep most of a stream valid: a stream that fails at its first frame tests little.

import { createRandom } from '../../../support/inputs/random.js';

/** One stream, its reader, and where it is cut. */
export interface FuzzCase {
  readonly role: 'client' | 'server' | 'observer';
  readonly options: {
    readonly maxFrameLength?: number;
    readonly maxMessageLength?: number;
    readonly skipUtf8Validation?: boolean;
  };
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where one chunk ends and the next begins, in order; one place twice makes an empty chunk. */
  readonly cuts: readonly number[];
}

const CAPACITY = 1 << 18;
const scratch = new Uint8Array(CAPACITY);
const NO_OPTIONS: FuzzCase['options'] = {};
/** Characters of every length, first and last of each, and what is near the forbidden ones. */
const CHARACTERS = [
  ...['a', 'Z', '\0', '\x7f', '\x80', 'é', '\u07ff', '\u0800', '€', '語', '\ud7ff', '\ue000', '\ufeff', '\uffff'],
  ...['\u{10000}', '😀', '\u{fffff}', '\u{10ffff}'],
].map((character) => new TextEncoder().encode(character));
/** Bytes that table 3-7 of Unicode tells apart. */
const TELLING_BYTES = [
  0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff,
];
const CLOSE_CODES = [
  0, 999, 1000, 1001, 1003, 1004, 1005, 1006, 1007, 1011, 1014, 1015, 1016, 2999, 3000, 4999, 5000, 65535,
];
const HOSTILE_LENGTHS = [
  0n,
  125n,
  126n,
  65535n,
  65536n,
  2n ** 31n,
  2n ** 32n + 3n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];

/** The stream of a seed: the same in every run. */
export function generate(seed: number): FuzzCase {
  return new Generator(createRandom(seed)).make();
}

class Generator {
  readonly #random: () => number;
  #length = 0;
  /** The first byte's opcode of the message that is open; 0 if none is. */
  #open = 0;
  #masked = true;

  constructor(random: () => number) {
    this.#random = random;
  }

  make(): FuzzCase {
    const role = this.#pick(['server', 'server', 'client', 'client', 'observer'] as const);
    this.#masked = role === 'server';
    for (let frames = 1 + this.#below(7); frames > 0 && this.#length < CAPACITY / 2; frames--) {
      if (role === 'observer') this.#masked = this.#below(2) === 0;
      if (this.#below(24) === 0) this.#writeHostile();
      else this.#writeValid();
    }
    if (this.#below(6) === 0) this.#damage();
    const bytes = scratch.slice(0, this.#length);
    return { role, options: this.#makeOptions(), bytes, cuts: this.#makeCuts(bytes.length) };
  }

  #writeValid(): void {
    const kind = this.#below(16);
    if (kind === 0) this.#writeControl(0x89);
    else if (kind === 1) this.#writeControl(0x8a);
    else if (kind === 2 && this.#below(4) === 0) this.#writeClose();
    else {
      const isText = this.#open === 0 ? this.#below(2) === 0 : this.#open === 1;
      const fin = this.#below(3) !== 0;
      const opcode = this.#open !== 0 ? 0 : isText ? 1 : 2;
      this.#open = fin ? 0 : isText ? 1 : 2;
      this.#writeFrame((fin ? 0x80 : 0) | opcode, isText ? this.#makeText() : this.#makeBytes());
    }
  }

  #writeControl(first: number): void {
    this.#writeFrame(first, this.#makeBytes().subarray(0, 125));
  }

  #writeClose(): void {
    const code = this.#below(3) === 0 ? this.#pick(CLOSE_CODES) : 1000 + this.#below(15);
    const reason = this.#makeText().subarray(0, this.#below(124));
    const payload = new Uint8Array(2 + reason.length);
    payload.set([code >> 8, code & 255]);
    payload.set(reason, 2);
    this.#writeFrame(0x88, this.#below(5) === 0 ? payload.subarray(0, this.#below(3)) : payload);
  }

  /** Any first byte, and lengths in any form. */
  #writeHostile(): void {
    const first =
      this.#below(2) === 0 ? this.#below(256) : this.#pick([0x00, 0x80, 0x01, 0x81, 0x02, 0x82, 0x88, 0x89]);
    const payload = this.#makeBytes().subarray(0, 200);
    const bits = this.#pick([undefined, 16, 64] as const);
    const claimed = this.#below(2) === 0 ? this.#pick(HOSTILE_LENGTHS) : BigInt(payload.length);
    if (this.#below(4) === 0) this.#masked = !this.#masked;
    this.#writeFrame(first, payload, bits, claimed);
  }

  #writeFrame(first: number, payload: Uint8Array, bits?: 16 | 64, claimed = BigInt(payload.length)): void {
    const form = bits ?? (claimed < 126n ? 7 : claimed < 65536n ? 16 : 64);
    const maskBit = this.#masked ? 0x80 : 0;
    this.#writeByte(first);
    this.#writeByte(maskBit | (form === 7 ? Number(claimed) : form === 16 ? 126 : 127));
    if (form !== 7) {
      for (let shift = form - 8; shift >= 0; shift -= 8) this.#writeByte(Number((claimed >> BigInt(shift)) & 255n));
    }
    const key = [0, 0, 0, 0];
    if (this.#masked) {
      for (let i = 0; i < 4; i++) {
        key[i] = this.#below(256);
        this.#writeByte(key[i]!);
      }
    }
    for (let i = 0; i < payload.length; i++) this.#writeByte(payload[i]! ^ key[i & 3]!);
  }

  /** Mostly whole characters; sometimes it ends inside one, and sometimes it is no text at all. */
  #makeText(): Uint8Array {
    const length = this.#makeLength();
    const text = new Uint8Array(length);
    const asciiRun = this.#below(3) * 20;
    let at = 0;
    while (at < length) {
      for (let i = this.#below(asciiRun + 1); i > 0 && at < length; i--) text[at++] = 0x20 + (at % 90);
      const character = this.#pick(CHARACTERS);
      // Fragments of one message may be cut inside a character; the fragment after it goes on with something else.
      if (at + character.length > length && this.#below(20) !== 0) text.fill(0x2e, at, length);
      else text.set(character.subarray(0, length - at), at);
      at += character.length;
    }
    if (this.#below(20) === 0 && length > 0) text[this.#below(length)] = this.#pick(TELLING_BYTES);
    return text;
  }

  #makeBytes(): Uint8Array {
    const bytes = new Uint8Array(this.#makeLength());
    const start = this.#random();
    for (let i = 0; i < bytes.length; i++) bytes[i] = start + i * 31;
    return bytes;
  }

  #makeLength(): number {
    const kind = this.#below(400);
    if (kind === 0) return this.#below(8) === 0 ? 65530 + this.#below(12) : 8180 + this.#below(24);
    if (kind < 16) return 120 + this.#below(12);
    if (kind < 40) return this.#below(300);
    if (kind < 100) return 0;
    return this.#below(24);
  }

  /** Bytes changed, left out, or cut off. */
  #damage(): void {
    for (let i = 1 + this.#below(2); i > 0 && this.#length > 0; i--) {
      const at = this.#below(this.#length);
      const kind = this.#below(4);
      if (kind === 0) scratch[at] = this.#below(256);
      else if (kind === 1) scratch[at] = scratch[at]! ^ (1 << this.#below(8));
      else if (kind === 2) scratch.copyWithin(at, at + 1, this.#length--);
      else this.#length = at;
    }
  }

  #makeOptions(): FuzzCase['options'] {
    const kind = this.#below(12);
    if (kind === 0) return { maxMessageLength: this.#pick([0, 1, 20, 125, 126, 200, 65535, 2 ** 53 - 1]) };
    if (kind === 1) return { maxFrameLength: this.#pick([0, 1, 20, 125, 126, 200, 65535]), maxMessageLength: 300 };
    if (kind === 2) return { skipUtf8Validation: true };
    return NO_OPTIONS;
  }

  #makeCuts(length: number): number[] {
    const kind = this.#below(8);
    if (kind === 0) return [];
    if (kind === 1 && length < 200) return Array.from({ length }, (_, i) => i);
    return Array.from({ length: 1 + this.#below(5) }, () => this.#below(length + 1)).sort((a, b) => a - b);
  }

  #writeByte(byte: number): void {
    if (this.#length < CAPACITY) scratch[this.#length++] = byte;
  }

  #below(limit: number): number {
    return this.#random() % limit;
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#below(values.length)]!;
  }
}
