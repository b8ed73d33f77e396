// Messages of every kind and of 0 bytes to 1 MiB, most of them small. Cut out of pools that are made once.

import { createHash } from 'node:crypto';
import { createRandom, randomBytes } from '../../../support/inputs/random.js';
import { LONGEST_MESSAGE } from './limits.js';

export interface Payload {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

const MOST = LONGEST_MESSAGE;
const repeated = (text: string) => Buffer.alloc(MOST, Buffer.from(text));
const WORDS = [
  'the',
  'frame',
  'masked',
  '"price":',
  '1024,',
  '{"id":',
  '}',
  'opcode',
  '\n',
  'payload',
  '[0,1]',
  'null',
];

/** A pool of words that compress as texts do. */
function prose(): Buffer {
  const random = createRandom(7);
  const words: string[] = [];
  for (let length = 0; length < MOST; ) {
    const word = WORDS[random() % WORDS.length]!;
    words.push(word);
    length += word.length + 1;
  }
  return Buffer.from(words.join(' ')).subarray(0, MOST);
}

/** `step`: a cut at its multiples cuts no character in two. */
const POOLS = [
  { bytes: prose(), step: 1, isBinary: false },
  { bytes: repeated('握手之後雙方可以隨時發送訊息'), step: 3, isBinary: false },
  { bytes: repeated('😀🚀🌍🧵'), step: 4, isBinary: false },
  { bytes: Buffer.from(randomBytes(MOST, 11)), step: 1, isBinary: true },
  { bytes: prose(), step: 1, isBinary: true },
];

/** @param random 32-bit numbers */
export function makePayload(random: () => number): Payload {
  const { bytes, step, isBinary } = POOLS[random() % POOLS.length]!;
  // Half of them have fewer than 3 bytes to 64, one in fourteen more than 64 KiB.
  const share = random() / 2 ** 32;
  const length = random() % 200 === 0 ? 0 : Math.min(MOST, Math.round(2 ** (20 * share ** 3)));
  const whole = length - (length % step);
  const room = (MOST - (MOST % step) - whole) / step;
  const from = room <= 0 ? 0 : (random() % (room + 1)) * step;
  return { data: bytes.subarray(from, from + whole), isBinary };
}

export function digestOf(data: Uint8Array): string {
  return createHash('sha1').update(data).digest('base64');
}
