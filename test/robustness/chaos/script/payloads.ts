// Contents of messages, the shapes in which they are sent, and the overwriting of what was sent.

import { createHash } from 'node:crypto';
import { randomBytes } from '../../../support/inputs/random.js';
import type { Dice } from './dice.js';

/** What a message says; its bytes follow from this alone. */
export interface Content {
  readonly kind: 'ascii' | 'latin1' | 'cjk' | 'zeros' | 'random';
  /** Where in the corpus it begins: hardly any two messages are alike. */
  readonly start: number;
  /** Bytes, of texts characters. */
  readonly length: number;
}

/** As what a message is given to `send`. */
export type Form = 'string' | 'buffer' | 'uint8array' | 'dataview' | 'arraybuffer' | 'buffers' | 'blob';
export const FORMS: readonly Form[] = ['buffer', 'uint8array', 'dataview', 'arraybuffer', 'buffers', 'blob'];

/** What takes the place of bytes that were sent. It is valid UTF-8, so that it shows up as contents and not as an error. */
const OVERWRITTEN = 0x7e;
const MARK = Buffer.alloc(8, OVERWRITTEN);

const LONGEST = 300 * 1024;
const CORPUS_LENGTH = LONGEST * 2;
const RANDOM_BYTES = Buffer.from(randomBytes(CORPUS_LENGTH, 17));
const CORPORA = {
  ascii: wordsOf('abcdefghijklmnopqrstuvwxyz 0123456789 {}":,'),
  latin1: wordsOf('abcdefghij klmnop éèüößñÿ 0123456789'),
  cjk: wordsOf('中文字符 abc 日本語テキスト 한국어 é 0123'),
} as const;

/** Words of these characters, with numbers that make each place differ from the next. */
function wordsOf(alphabet: string): string {
  const characters = [...alphabet];
  let text = '';
  for (let i = 0; text.length < CORPUS_LENGTH; i++) {
    const from = RANDOM_BYTES[i % CORPUS_LENGTH]! % characters.length;
    text += `${characters.slice(from, from + 1 + (i % 7)).join('')}${i} `;
  }
  return text.slice(0, CORPUS_LENGTH);
}

export function randomContent(dice: Dice, isText: boolean): Content {
  const kind = isText
    ? dice.pick(['ascii', 'latin1', 'cjk'] as const)
    : dice.pick(['random', 'zeros', 'ascii'] as const);
  return { kind, start: dice.below(LONGEST), length: randomLength(dice) };
}

/** Most messages are short; the others lie around the lengths where something changes. */
export function randomLength(dice: Dice): number {
  const size = dice.weighted({ empty: 4, tiny: 40, short: 20, edge: 12, medium: 12, long: 8, longest: 4 });
  if (size === 'empty') return 0;
  if (size === 'tiny') return dice.between(1, 200);
  if (size === 'short') return dice.between(200, 4096);
  if (size === 'edge')
    return dice.pick([125, 126, 1023, 1024, 32767, 32768, 65535, 65536, 131071, 131072]) + dice.below(3);
  if (size === 'medium') return dice.between(4096, 70_000);
  if (size === 'long') return dice.between(70_000, 140_000);
  return dice.between(140_000, LONGEST);
}

/** The contents of a text message. */
export function textOf({ kind, start, length }: Content): string {
  const corpus = CORPORA[kind as keyof typeof CORPORA];
  return corpus.slice(start, start + length);
}

/** The contents as bytes that nobody else holds. */
export function bytesOfContent(content: Content): Buffer {
  const { kind, start, length } = content;
  if (kind === 'random') return Buffer.from(RANDOM_BYTES.subarray(start, start + length));
  if (kind === 'zeros') return Buffer.alloc(length);
  return Buffer.from(textOf(content));
}

export interface Shaped {
  readonly data: string | Buffer | Uint8Array | DataView | ArrayBuffer | Buffer[] | Blob;
  /** Overwrites what `send` was given; without effect for what cannot change. */
  overwrite(): void;
}

/** The bytes in the shape in which `send` gets them. */
export function shape(bytes: Buffer, form: Form): Shaped {
  if (form === 'string') return { data: bytes.toString(), overwrite: () => {} };
  if (form === 'blob') return { data: new Blob([new Uint8Array(bytes)]), overwrite: () => {} };
  // Copies at an odd place of a buffer of its own: neither the pool of Node nor an alignment helps.
  const offset = 3;
  const memory = new Uint8Array(bytes.length + offset);
  memory.set(bytes, offset);
  const overwrite = () => void memory.fill(OVERWRITTEN);
  switch (form) {
    case 'uint8array':
      return { data: memory.subarray(offset), overwrite };
    case 'dataview':
      return { data: new DataView(memory.buffer, offset), overwrite };
    case 'arraybuffer': {
      const copy = memory.slice(offset);
      return { data: copy.buffer, overwrite: () => void copy.fill(OVERWRITTEN) };
    }
    case 'buffers': {
      const middle = offset + (bytes.length >> 1);
      const [one, other] = [Buffer.from(memory.buffer, offset, middle - offset), Buffer.from(memory.buffer, middle)];
      return { data: [one, other], overwrite };
    }
    default:
      return { data: Buffer.from(memory.buffer, offset), overwrite };
  }
}

/** A short stand-in for a message: its kind, length and a hash. */
export function digestOf(bytes: Uint8Array, isBinary: boolean): string {
  const hash = createHash('sha1').update(bytes).digest('hex').slice(0, 16);
  return `${isBinary ? 'binary' : 'text'} ${bytes.length} ${hash}`;
}

/** Whether the message contains what the sender wrote over its buffer after `send`. */
export function isOverwritten(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(MARK);
}
